import assert from 'node:assert/strict'
import { test } from 'node:test'
import { playedActor } from '../testkit/actors.ts'
import { rootedHost } from '../testkit/rooted-host.ts'
import { commandLineOf, environmentBlock, readGrubOptions } from './command-line.ts'

const options = {
  extra_cmdline: ' a=b c ',
  extra_active_cmdline: 'd',
  extra_recovery_cmdline: 'e',
  saved_entry: '1',
}

test('command line: words of the machine come behind those of the image', () => {
  assert.equal(commandLineOf({ cmdline: 'quiet' }, options, 'active'), 'quiet a=b c d')
  assert.equal(commandLineOf({ cmdline: 'quiet' }, options, 'recovery'), 'quiet a=b c e')
  assert.equal(commandLineOf({ cmdline: 'quiet' }, {}, 'active'), 'quiet')
})

for (const [what, files, expected] of [
  ['what the installer wrote', { '/oem/grubenv': environmentBlock(options) }, options],
  [
    'more than one block',
    { '/oem/grubenv': environmentBlock({ a: 'x'.repeat(1500) }) },
    { a: 'x'.repeat(1500) },
  ],
  ['no file', {}, {}],
  ['another file', { '/oem/grubenv': 'extra_cmdline=x\n' }, {}],
] as const) {
  test(`command line: options of ${what}`, (context) => {
    assert.deepEqual(readGrubOptions(rootedHost(context, files).host), expected)
  })
}

test('command line: options of a cloud-config are kept beside the others, and only a change is told', (context) => {
  const { act, warnings, host } = playedActor(context, { '/oem/grubenv': environmentBlock(options) })
  const wish = { kind: 'boot-options', values: { extra_active_cmdline: 'other', more: '1' } } as const
  assert.deepEqual([act(wish), act(wish)], [[], []])
  assert.deepEqual(readGrubOptions(host), { ...options, ...wish.values })
  assert.deepEqual(warnings, ['grub_options act from the next generation on, that is after an upgrade'])
})
