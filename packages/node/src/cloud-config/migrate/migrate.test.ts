import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collect } from '../collect.ts'
import { migrate } from './migrate.ts'

const cases: readonly (readonly [name: string, before: string, after: string])[] = [
  [
    'what is right stays byte for byte',
    '# mine\nhostname:   box # here\n\n\n',
    '# mine\nhostname:   box # here\n\n\n',
  ],
  ['old names of the field', 'milpa_files:\n  - path: /a # a\n', 'write_files:\n  - path: /a # a\n'],
  [
    'install',
    'install:\n  image: oci:a # x\n  no_format: true\n',
    'install:\n  source: oci:a # x\n  no-format: true\n',
  ],
  [
    'both names are left alone',
    'install: {image: oci:a, source: oci:a}\n',
    'install: {image: oci:a, source: oci:a}\n',
  ],
  ['the enabled that is not', 'k3s:\n  enable: true\n', 'k3s:\n  enabled: true\n'],
  ['names of JSON', 'users:\n- name: a\n  lockPasswd: true\n', 'users:\n- name: a\n  lock_passwd: true\n'],
  [
    'slips of the pen',
    'stages:\n  boot:\n    - comands:\n        - x # y\n',
    'stages:\n  boot:\n    - commands:\n        - x # y\n',
  ],
  ['not a slip of the pen', 'stages:\n  boot:\n    - packs: [x]\n', 'stages:\n  boot:\n    - packs: [x]\n'],
  ['a text that looks like a number', 'hostname: 007 # james\n', 'hostname: "007" # james\n'],
  ['a list of one', 'runcmd: echo "b" # c\n', 'runcmd: ["echo \\"b\\""] # c\n'],
  ['a quoted list of one', "stages: {boot: [{commands: 'x'}]}\n", "stages: {boot: [{commands: ['x']}]}\n"],
  ['words of old YAML', 'install: {auto: yes, reboot: Off}\n', 'install: {auto: true, reboot: false}\n'],
  [
    'modes in decimal',
    'write_files:\n- path: /a\n  permissions: 755\n',
    'write_files:\n- path: /a\n  permissions: "0755"\n',
  ],
  [
    'modes in octal',
    'write_files:\n- path: /a\n  permissions: 0755\n',
    'write_files:\n- path: /a\n  permissions: 0755\n',
  ],
  [
    'what nothing reads',
    'hostname: a\nplatform:\n  os: linux\n# b\nname: c\n',
    'hostname: a\n# b\nname: c\n',
  ],
  [
    'one mend brings the next',
    'stage:\n  boot:\n    - command: x\n',
    'stages:\n  boot:\n    - commands: ["x"]\n',
  ],
]

for (const [name, before, after] of cases) {
  test(`migrate: ${name}`, () => {
    const { text, changes } = migrate(`#cloud-config\n${before}`)
    assert.equal(text, `#cloud-config\n${after}`)
    assert.equal(changes.length === 0, before === after)
    assert.deepEqual(migrate(text), { text, changes: [] })
  })
}

test('migrate: what is no YAML stays as it is, and says why', () => {
  assert.deepEqual(migrate('#cloud-config\na: "b\n'), {
    text: '#cloud-config\na: "b\n',
    changes: [],
    problem: { line: 2, message: 'the quote that begins here is not closed' },
  })
})

test('migrate: a header comes first, and places are those of the text before', () => {
  const { text, changes } = migrate('# mine\nk3s: {enable: true}\n')
  assert.equal(text, '#cloud-config\n# mine\nk3s: {enabled: true}\n')
  assert.deepEqual(
    changes.map(({ line }) => line),
    [1, 2],
  )
})

test('migrate: what comes out is a cloud-config without errors', () => {
  const { text } = migrate(
    'milpa_files: [{path: /a, permissions: 644}]\nk0s: {enable: yes}\ninstall: {image: oci:a}\n',
  )
  assert.deepEqual(collect([{ kind: 'file', name: 'a', text }]).errors, [])
})
