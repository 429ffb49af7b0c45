import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exitCodes } from '@kiln/contract'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kiln-cloud-config-'))
after(() => rmSync(folder, { recursive: true }))

const files = {
  'oem/a.yaml':
    '#cloud-config\ninstall:\n  device: auto\n  auto: true\nusers: [{name: me, groups: [admin]}]\n',
  'oem/b.yaml': '#cloud-config\ninstall: {device: /dev/sda}\nusers: [{name: you}]\n',
  'oem/notes.txt': 'nothing',
  'wrong.yaml': '#cloud-config\nk3s:\n  enable: true\nhostname: box\n',
  'bare.yaml': 'hostname: box\n',
  'broken.yaml': '#cloud-config\na: [\n',
  'plain.yaml': '#cloud-config\nusers:\n  - name: me\n    passwd: secret\n',
  'template.yaml':
    '#cloud-config\nhostname: "{{ trunc 4 .MachineID }}"\nruncmd: ["echo {{ .Values.os.name }}"]\n',
  'node.yaml': 'node: {machineid: "0123456789"}\nos: {name: Debian}\n',
  'empty/notes.txt': 'nothing',
}
for (const [path, text] of Object.entries(files)) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(args: readonly string[], input = ''): Ended {
  const env = { PATH: process.env.PATH, HOME: folder, NO_COLOR: '1' }
  const options = { cwd: folder, env, input, encoding: 'utf8' } as const
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'cloud-config', ...args], options)
  return { code: status, stdout, stderr }
}

function data(ended: Ended): Record<string, unknown> {
  return (JSON.parse(ended.stdout.trimEnd().split('\n').at(-1) ?? '') as { result: Record<string, unknown> })
    .result
}

interface Case {
  readonly what: string
  readonly args: readonly string[]
  readonly input?: string
  readonly code: number
  readonly stdout?: string | RegExp
  readonly stderr?: RegExp
}

const cases: readonly Case[] = [
  {
    what: 'validate: a folder in the order of its names',
    args: ['validate', 'oem'],
    code: exitCodes.ok,
    stdout: 'oem/a.yaml is valid\noem/b.yaml is valid\n',
  },
  {
    what: 'validate: all that is wrong, with the line and what to do',
    args: ['validate', 'wrong.yaml'],
    code: exitCodes.config,
    stdout: '',
    stderr:
      /error E-CONFIG-UNKNOWN-KEY: unknown key "enable" in k3s\n {2}at wrong\.yaml:3:3\n {2}3 \| {3}enable: true\n.*\n {2}hint: did you mean "enabled"\?/,
  },
  {
    what: 'validate: leniently',
    args: ['validate', '--lenient', 'wrong.yaml'],
    code: exitCodes.ok,
    stdout: 'wrong.yaml is valid, with 2 warnings\n',
    stderr: /warning W-UNKNOWN-KEY/,
  },
  {
    what: 'validate: warnings as errors',
    args: ['validate', '--strict', 'plain.yaml'],
    code: exitCodes.config,
    stderr: /stands here for everybody to read \(W-PLAIN-SECRET\)\n {2}at plain\.yaml:4:13/,
  },
  {
    what: 'validate: no header',
    args: ['validate', 'bare.yaml'],
    code: exitCodes.config,
    stderr: /no #cloud-config header/,
  },
  {
    what: 'validate: no YAML',
    args: ['validate', 'broken.yaml'],
    code: exitCodes.config,
    stderr: /E-CONFIG-SYNTAX/,
  },
  {
    what: 'validate: standard input',
    args: ['validate', '-'],
    input: '#cloud-config\nhostname: box\n',
    code: exitCodes.ok,
    stdout: '<stdin> is valid\n',
  },
  {
    what: 'validate: a block of a provider',
    args: ['validate', '--provider-block', 'rke2', '-'],
    input: '#cloud-config\nrke2: {}\n',
    code: exitCodes.ok,
  },
  {
    what: 'validate: nothing named',
    args: ['validate'],
    code: exitCodes.usage,
    stderr: /no cloud-config is named/,
  },
  {
    what: 'validate: not there',
    args: ['validate', 'none.yaml'],
    code: exitCodes.config,
    stderr: /none\.yaml is not there/,
  },
  {
    what: 'validate: a folder without any',
    args: ['validate', 'empty'],
    code: exitCodes.config,
    stderr: /no file that ends in/,
  },
  {
    what: 'validate: the command line is one of the sources',
    args: ['validate', 'oem', '--cmdline', 'kairos.config=install.device=sda'],
    code: exitCodes.config,
    stderr: /install\.device must be auto.*\n {2}at cmdline:1:1/,
  },
  {
    what: 'explain: what is in force, and what it overrode',
    args: ['explain', 'install.device', 'oem', '--cmdline', 'kairos.config=install.device=/dev/vda'],
    code: exitCodes.ok,
    stdout: [
      'install.device: /dev/vda',
      '  in force    cmdline:1:1      /dev/vda',
      '  overridden  oem/b.yaml:2:19  /dev/sda',
      '  overridden  oem/a.yaml:3:11  auto',
      '',
    ].join('\n'),
  },
  {
    what: 'explain: a list has parts of several',
    args: ['explain', 'users', 'oem'],
    code: exitCodes.ok,
    stdout: /^users:\n {4}- groups:\n.*part of it {2}oem\/b\.yaml:3:8.*part of it {2}oem\/a\.yaml:5:8/s,
  },
  {
    what: 'explain: a slip of the pen',
    args: ['explain', 'install.devic', 'oem'],
    code: exitCodes.config,
    stderr: /nothing sets install\.devic\n {2}hint: did you mean "device"\?/,
  },
  { what: 'explain: no path', args: ['explain', 'a b', 'oem'], code: exitCodes.usage, stderr: /is no path/ },
  {
    what: 'merge: as the field prints it',
    args: ['merge', 'oem'],
    code: exitCodes.ok,
    stdout: `#cloud-config

# Sources:
# - oem/a.yaml
# - oem/b.yaml

install:
    auto: true
    device: /dev/sda
users:
    - groups:
          - admin
      name: me
    - name: you
`,
  },
  {
    what: 'merge: what is wrong is left out and told',
    args: ['merge', 'wrong.yaml', 'broken.yaml', 'oem/b.yaml'],
    code: exitCodes.config,
    stdout: /^#cloud-config\n\n# Sources:\n# - wrong\.yaml\n# - oem\/b\.yaml\n\nhostname: box\n/,
    stderr: /2 errors/,
  },
  {
    what: 'render: templates with the facts of a machine',
    args: ['render', '--for', 'node.yaml', 'template.yaml'],
    code: exitCodes.ok,
    stdout: /hostname: "0123"\nruncmd:\n {4}- echo Debian\n$/,
  },
  {
    what: 'render: a template that cannot be filled in',
    args: ['render', '-'],
    input: '#cloud-config\nruncmd: ["{{ .Values.nod.x }}"]\n',
    code: exitCodes.config,
    stderr: /runcmd\[0\]: template: .*\n {2}at <stdin>:2:10/,
  },
]

for (const { what, args, input, code, stdout, stderr } of cases) {
  test(`cloud-config ${what}`, () => {
    const ended = run(args, input)
    assert.equal(ended.code, code, ended.stderr)
    if (typeof stdout === 'string') assert.equal(ended.stdout, stdout)
    else if (stdout) assert.match(ended.stdout, stdout)
    if (stderr) assert.match(ended.stderr, stderr)
  })
}

test('cloud-config: the same for programs', () => {
  const validated = data(run(['validate', '--json', 'wrong.yaml']))
  assert.equal(validated.valid, false)
  assert.deepEqual(validated.findings, [
    {
      code: 'E-CONFIG-UNKNOWN-KEY',
      message: 'unknown key "enable" in k3s',
      hint: 'did you mean "enabled"?',
      file: 'wrong.yaml',
      range: { start: { line: 2, character: 2 }, end: { line: 2, character: 8 } },
    },
  ])
  const explained = data(run(['explain', '--json', 'install.device', 'oem'])) as {
    from: { source: string }[]
  }
  assert.deepEqual(
    explained.from.map(({ source }) => source),
    ['oem/b.yaml', 'oem/a.yaml'],
  )
  const merged = data(run(['merge', '--json', 'oem'])) as { config: { install: unknown } }
  assert.deepEqual(merged.config.install, { auto: true, device: '/dev/sda' })
})

test('cloud-config migrate: shows, then writes, then has nothing to do', () => {
  const path = join(folder, 'old.yaml')
  const old = '#cloud-config\n# mine\nk3s:\n  enable: true # on\n'
  const young = old.replace('enable', 'enabled')
  writeFileSync(path, old)
  const shown = run(['migrate', '--dry-run', 'old.yaml'])
  assert.equal(
    shown.stdout,
    '--- old.yaml\n+++ old.yaml\n@@ -2,3 +2,3 @@\n # mine\n k3s:\n-  enable: true # on\n+  enabled: true # on\n',
  )
  assert.equal(readFileSync(path, 'utf8'), old)
  assert.equal(run(['migrate', 'old.yaml']).stdout, 'old.yaml:4: enable is called enabled\n')
  assert.equal(readFileSync(path, 'utf8'), young)
  assert.equal(run(['migrate', 'old.yaml']).stdout, 'old.yaml: nothing to change\n')
  assert.equal(run(['migrate', '-'], old).stdout, young)
  const broken = run(['migrate', '-'], 'a: "b\n')
  assert.equal(broken.code, 3)
  assert.match(broken.stderr, /E-CONFIG-SYNTAX: the quote that begins here is not closed\n {2}at <stdin>:1/)
})
