import type { ConfigSource, SourceOutcome } from '../collect.ts'

/** Many sources to one document. What is not named is not looked at. */
export interface CollectCase {
  readonly id: string
  readonly sources: readonly ConfigSource[]
  /** As written. */
  readonly value?: unknown
  readonly printed?: string
  readonly outcomes?: readonly SourceOutcome[]
  /** Words of the errors. */
  readonly errors?: readonly string[]
}

function file(name: string, text: string): ConfigSource {
  return { kind: 'file', name, text: `#cloud-config\n${text}` }
}

function settings(name: string, text: string, replaces = false): ConfigSource {
  return { kind: 'settings', name, text, replaces }
}

const bundle = 'bundles: [{targets: ["container://example.org/b:1"]}]\n'

export const collectCases: readonly CollectCase[] = [
  {
    id: 'U1 what an address leads to counts for more, link by link',
    sources: [
      file('base', 'config_url: http://s/1\nx-name: Mario\nx-surname: Bros\nx-info: {job: plumber}\n'),
      file('http://s/1', 'config_url: http://s/2\nx-surname: Bras\n'),
      file('http://s/2', 'x-info: {girlfriend: princess}\n'),
    ],
    value: {
      config_url: 'http://s/2',
      'x-name': 'Mario',
      'x-surname': 'Bras',
      'x-info': { job: 'plumber', girlfriend: 'princess' },
    },
    errors: [],
  },
  {
    id: 'R1 settings as YAML and JSON',
    sources: [settings('a', 'x-a: 1\n'), settings('b', '{"x-b": 2}'), settings('c', 'x-c: 3')],
    value: { 'x-a': 1, 'x-b': 2, 'x-c': 3 },
    errors: [],
  },
  {
    id: 'R2 settings that are none',
    sources: [settings('a', 'blip'), settings('b', 'blop'), settings('c', 'a: [')],
    value: {},
    outcomes: ['unreadable', 'unreadable', 'unreadable'],
    errors: [],
  },
  {
    id: 'S1 steps of a stage one behind the other, and the sources in their order',
    sources: [
      file('/oem/a.yaml', 'stages: {initramfs: [{users: {a: {groups: [admin]}}}]}\n'),
      file('/oem/b.yaml', 'stages: {initramfs: [{users: {b: {groups: [admin]}}}]}\n'),
      { kind: 'command-line', text: 'quiet' },
    ],
    printed: `#cloud-config

# Sources:
# - /oem/a.yaml
# - /oem/b.yaml
# - cmdline

stages:
    initramfs:
        - users:
              a:
                  groups:
                      - admin
        - users:
              b:
                  groups:
                      - admin
`,
  },
  {
    id: 'S2 a condition stays with its step',
    sources: [
      file('a', 'stages: {boot: [{users: {a: {}}}, {if: "true", commands: [x]}]}\n'),
      file('b', 'stages: {boot: [{commands: [y], sysctl: {a: "1"}}]}\n'),
    ],
    value: {
      stages: {
        boot: [
          { users: { a: {} } },
          { if: 'true', commands: ['x'] },
          { commands: ['y'], sysctl: { a: '1' } },
        ],
      },
    },
    errors: [],
  },
  {
    id: 'S3 corrected: the same text twice counts once',
    sources: [file('a', bundle), file('b', 'hostname: b\n'), file('c', bundle)],
    value: { hostname: 'b', bundles: [{ targets: ['container://example.org/b:1'] }] },
    outcomes: ['repeated', 'merged', 'merged'],
    errors: [],
  },
  {
    id: 'S4 what replaces, replaces whole blocks',
    sources: [
      file('a', 'install: {auto: false, device: /dev/sda}\nx-foo: bar\nstages: {boot: [{commands: [a]}]}\n'),
      settings('flags', 'install: {auto: true}\noptions: {a: b}\nstages: {fs: []}\n', true),
    ],
    value: { install: { auto: true }, 'x-foo': 'bar', options: { a: 'b' }, stages: { fs: [] } },
    errors: [],
  },
  {
    id: 'S5 files, what they lead to, the command line, what that leads to',
    sources: [
      file('local1', 'x-l1: 1\nconfig_url: r3\n'),
      file('r3', 'x-r3: 1\nconfig_url: r4\n'),
      file('r4', 'x-r4: 1\n'),
      file('local2', 'x-l2: 1\n'),
      { kind: 'command-line', text: 'config_url=http://s/r1 player.name="Toad" options.foo=bar' },
      file('http://s/r1', 'x-r1: 1\nconfig_url: http://s/r2\n'),
      file('http://s/r2', 'x-r2: {surname: Bros}\n'),
    ],
    value: {
      'x-l1': 1,
      config_url: 'http://s/r2',
      'x-r3': 1,
      'x-r4': 1,
      'x-l2': 1,
      options: { foo: 'bar' },
      'x-r1': 1,
      'x-r2': { surname: 'Bros' },
    },
    errors: [],
  },
  {
    id: 'S6 without a header, or with a wrong one, it is none',
    sources: [
      { kind: 'file', name: 'a', text: 'hostname: a\n' },
      { kind: 'file', name: 'b', text: '#invalid-header\nhostname: b\n' },
      file('c', 'hostname: c\n'),
    ],
    value: { hostname: 'c' },
    outcomes: ['no-header', 'no-header', 'merged'],
    errors: [],
  },
  {
    id: 'S7 the header below other comments',
    sources: [
      { kind: 'file', name: 'a', text: '## template: jinja\n#cloud-config\nx-a: 1\n' },
      { kind: 'file', name: 'b', text: '# mine\n#\n\n#cloud-config\nx-b: 1\n' },
    ],
    value: { 'x-a': 1, 'x-b': 1 },
    errors: [],
  },
  {
    id: 'corrected: texts of the command line become what the schema wants',
    sources: [
      file('a', 'install: {auto: false}\n'),
      { kind: 'command-line', text: 'kairos.config=install.auto=true kairos.config=kiln.keep=3' },
    ],
    value: { install: { auto: true }, kiln: { keep: 3 } },
    errors: [],
  },
  {
    id: 'corrected: one bad file takes no other down',
    sources: [
      file('a', 'a: [\n'),
      file('b', 'users: kairos\nhostname: box\n'),
      file('c', 'users: [{name: me}]\nstages: {boot: [{comands: [x]}, {commands: [y]}]}\n'),
    ],
    value: { hostname: 'box', users: [{ name: 'me' }], stages: { boot: [{ commands: ['y'] }] } },
    outcomes: ['unreadable', 'merged', 'merged'],
    errors: ['a bracket is not closed', 'users must be a list', 'unknown key "comands"'],
  },
  {
    id: 'corrected: a misfit is told with both places, and the later one counts',
    sources: [file('a', 'kiln: {health: {command: x}}\n'), file('b', 'kiln: {health: {command: [y]}}\n')],
    value: { kiln: { health: { command: ['y'] } } },
    errors: ['kiln.health.command is a list here and a single value at a:2:26'],
  },
  {
    id: 'E: blocks of a provider are declared once for all',
    sources: [
      file('/system/oem/rke2.yaml', 'kiln: {provider-blocks: [rke2]}\n'),
      file('/oem/a.yaml', 'rke2: {enabled: true}\nrke3: {}\n'),
    ],
    value: { kiln: { 'provider-blocks': ['rke2'] }, rke2: { enabled: true } },
    errors: ['unknown key "rke3"'],
  },
  {
    id: 'corrected: what is as deep as it may be goes through all of it',
    sources: [file('a', `x-a: ${'['.repeat(98)}${']'.repeat(98)}\n`), file('b', 'x-a: [1]\n')],
    printed: `#cloud-config\n\n# Sources:\n# - a\n# - b\n\nx-a:\n    ${'- '.repeat(97)}[]\n    - 1\n`,
    errors: [],
  },
  {
    id: 'opt-in: lists that are merged by a key',
    sources: [
      file('a', 'kiln: {merge: {users: name}}\nusers: [{name: a, groups: [x]}]\n'),
      file('b', 'users: [{name: a, groups: [y]}]\n'),
    ],
    value: { kiln: { merge: { users: 'name' } }, users: [{ name: 'a', groups: ['x', 'y'] }] },
    errors: [],
  },
]
