import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LockDiff } from '@kiln/factory/diff/lock-diff'
import type { PayloadDiff } from '@kiln/factory/diff/payload-diff'
import { diffLines, diffMarkdown } from './diff-view.ts'

const lock: LockDiff = {
  kind: 'lock',
  kiln: { from: 'v0.1.0', to: 'v0.2.0' },
  sets: [
    {
      names: ['debian-13/all', 'debian-13/base'],
      state: 'changed',
      packages: {
        added: [{ name: 'wget', version: '1.25-2' }],
        removed: [],
        changed: [
          { name: 'zlib1g', from: '1.3', to: '1.2' },
          { name: 'curl', from: '8.14', to: '8.15' },
        ],
      },
      rebuilt: ['bash'],
      asked: { more: ['wget'], less: [] },
    },
  ],
  bases: [],
  download: 2048,
}

const payload: PayloadDiff = {
  kind: 'payload',
  changes: { kernel: { from: '6.12', to: '6.13' }, cmdline: { from: 'a|b', to: 'a' } },
  files: [
    { file: 'boot.efi', from: 1024, to: 2048 },
    { file: 'new.efi', to: 1 },
  ],
  same: 3,
  size: { from: 4096, to: 8192 },
  download: 8192,
}

test('two locks, as lines', () => {
  assert.deepEqual(diffLines(lock), [
    'Kiln',
    '  version  v0.1.0  → v0.2.0',
    '',
    'debian-13/all, debian-13/base',
    '  asked for  -             → wget',
    '  curl       8.14          → 8.15',
    '  wget       -             → 1.25-2',
    '  zlib1g     1.3           → 1.2 (older)',
    '  bash       same version  → another file',
    '',
    'A build fetches 2 KiB of packages that the first lock does not name.',
  ])
})

test('two payloads, as tables', () => {
  assert.deepEqual(diffMarkdown(payload), [
    '## Components',
    '',
    '| What | Before | After |',
    '| --- | --- | --- |',
    '| kernel | 6.12 | 6.13 |',
    '| command line | a\\|b | a |',
    '',
    '## Files',
    '',
    '| What | Before | After |',
    '| --- | --- | --- |',
    '| boot.efi | 1 KiB | 2 KiB |',
    '| new.efi | - | 1 B |',
    '',
    'A node fetches 8 KiB; the payload has 8 KiB, and had 4 KiB.',
  ])
})

test('nothing', () => {
  assert.deepEqual(diffLines({ kind: 'lock', sets: [], bases: [], download: 0 }), ['nothing differs'])
})
