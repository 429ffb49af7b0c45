import assert from 'node:assert/strict'
import { test } from 'node:test'
import { environmentBlock } from '../install/oem-files.ts'
import { rootedHost } from '../testkit/rooted-host.ts'
import { commandLineOf, readGrubOptions } from './command-line.ts'

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
