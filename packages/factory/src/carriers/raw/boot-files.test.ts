import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  espPaths,
  grubMenuPath,
  grubState,
  installedGrubMenu,
  newestRecord,
  type Payload,
  parseEntryName,
  parseGrubEnv,
  parseRecord,
  slotOfEntry,
} from '@kiln/contract'
import { grubTexts, systemdBootTexts } from './boot-files.ts'
import { recordCopies } from './record.ts'

const slot = 'ab'.repeat(32)
const entries = { slot, title: 'Sample v1.0.0', cmdline: 'console=ttyS0 note="two words"' }

describe('systemd-boot on a new disk', () => {
  const texts = systemdBootTexts(entries)

  it('has an entry for the first generation, uncounted, and one for recovery', () => {
    const names = Object.keys(texts)
      .filter((path) => path.startsWith(`/${espPaths.entries}/`))
      .map((path) => parseEntryName(path.split('/').at(-1) ?? ''))
    assert.deepEqual(names, [{ id: 'kiln-1', generation: 1 }, { id: 'kiln-recovery' }])
  })

  it('starts the slot with both, in files of one sector', () => {
    for (const [path, text] of Object.entries(texts)) {
      assert.equal(text.length, 512, path)
      if (path.startsWith(`/${espPaths.entries}/`)) assert.equal(slotOfEntry(text), slot)
    }
  })
})

describe('GRUB on a new disk', () => {
  const texts = grubTexts(entries)
  const state = grubState(parseGrubEnv(texts['/kiln/grub/grubenv'] ?? '') ?? {})

  it('starts the first generation, and recovery where that cannot be read', () => {
    assert.deepEqual([state.good, state.trial, state.once, state.list], [1, undefined, undefined, [1]])
    assert.match(texts[`/kiln/rec-${state.recovery}.cfg`] ?? '', /--id kiln-recovery \{/)
    assert.match(texts['/kiln/gen-1.cfg'] ?? '', /--id kiln-1 \{/)
  })

  it('says which entry it was, behind the words of the payload', () => {
    const lines = (texts['/kiln/gen-1.cfg'] ?? '').split('\n')
    const line = lines.find((each) => each.includes('linux ')) ?? ''
    assert.ok(line.trim().startsWith(`linux /kiln/${slot}/kernel console=ttyS0 `), line)
    assert.ok(line.endsWith(' kiln.entry=kiln-1'), line)
  })

  it('finds its menu', () => {
    const path = `/${grubMenuPath(installedGrubMenu)}`
    assert.equal(texts[path], installedGrubMenu)
    assert.equal(texts['/kiln/grub/grub.cfg']?.trim(), `configfile ${path}`)
  })
})

describe('the record of a new disk', () => {
  const image = {
    name: 'sample',
    version: 'v1.0.0',
    flavor: 'debian',
    flavorRelease: '13',
    arch: 'amd64',
    device: 'generic',
    variant: 'core',
  }
  const payload = { image, root: { rootHash: slot } } as Payload
  const copies = recordCopies({ payload, file: 'sample.raw', keep: 3, epoch: 1_700_000_000 })

  it('is there twice, and either copy will do', () => {
    assert.deepEqual(Object.keys(copies), ['/kiln/record.0.json', '/kiln/record.1.json'])
    const [first, second] = Object.values(copies).map((text) => {
      const read = parseRecord(text)
      assert.ok('record' in read, JSON.stringify(read))
      return read.record
    })
    assert.deepEqual({ ...first, sequence: 2 }, second)
  })

  it('has one good generation and recovery, from the image', () => {
    const origin = { slot, image, source: 'file:sample.raw', made: '2023-11-14T22:13:20.000Z' }
    const record = newestRecord(Object.values(copies))
    assert.deepEqual(record?.generations, [{ ...origin, number: 1, status: 'good' }])
    assert.deepEqual([record?.recovery, record?.keep, record?.operation], [origin, 3, undefined])
  })
})
