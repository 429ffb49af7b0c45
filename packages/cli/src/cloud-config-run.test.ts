import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exitCodes } from '@kiln/contract'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

const facts =
  'node: {hostname: edge-1, machineid: 0123456789abcdef}\nos: {name: Debian GNU/Linux 13, vendor: debian, version: "13", architecture: arm64}\n'

const config = `#cloud-config
hostname: 'edge-{{ trunc 4 .MachineID }}'
stages:
  boot:
    - name: Packages
      only_arch: arm64
      packages: {install: ['linux-image-{{ .Values.os.architecture }}']}
    - name: Elsewhere
      only_os: Fedora
      commands: [never]
`

function kiln(context: TestContext, files: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-run-'))
  context.after(() => rmSync(folder, { recursive: true }))
  for (const [path, text] of Object.entries({ 'node.yaml': facts, ...files })) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const options = { cwd: folder, env: { PATH: process.env.PATH, NO_COLOR: '1' }, encoding: 'utf8' } as const
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, 'cloud-config', 'run', ...args],
    options,
  )
  return { code: status, stdout, stderr }
}

test('cloud-config run: exactly what would be done on a machine with these facts', (t) => {
  const { code, stdout } = kiln(t, { 'c.yaml': config }, '--plan', 'boot', '--for', 'node.yaml', 'c.yaml')
  assert.equal(code, exitCodes.ok)
  assert.equal(
    stdout,
    `boot
  Packages (c.yaml:5)
    - run apt-get -y --no-install-recommends install linux-image-arm64
  Elsewhere (c.yaml:8)
    skipped, only_os: Fedora is not Debian GNU/Linux 13 or debian
`,
  )
})

test('cloud-config run: for programs, over a folder', (t) => {
  const { code, stdout } = kiln(
    t,
    { 'oem/a.yaml': config, 'oem/b.txt': 'x' },
    '--plan=initramfs',
    '--for=node.yaml',
    '--json',
    'oem',
  )
  assert.equal(code, exitCodes.ok)
  const { result } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
  assert.deepEqual(
    [result.stage, result.steps[0].operations],
    ['initramfs', [{ kind: 'hostname', name: 'edge-0123', text: 'set the host name edge-0123' }]],
  )
})

const wrong: readonly (readonly [
  what: string,
  files: Record<string, string>,
  args: string[],
  code: number,
  says: RegExp,
])[] = [
  [
    'a stage that is none',
    { 'c.yaml': config },
    ['--plan', 'bot', 'c.yaml'],
    exitCodes.usage,
    /did you mean boot\?/,
  ],
  ['no plan', { 'c.yaml': config }, ['c.yaml'], exitCodes.usage, /--plan/],
  [
    'a file that is not there',
    {},
    ['--plan', 'boot', 'none.yaml'],
    exitCodes.config,
    /none\.yaml is not there/,
  ],
  [
    'a file without a header',
    { 'c.yaml': 'hostname: x' },
    ['--plan', 'boot', 'c.yaml'],
    exitCodes.config,
    /no #cloud-config header/,
  ],
  [
    'a key that is none',
    { 'c.yaml': '#cloud-config\nstages: {boot: [{comands: [x]}]}' },
    ['--plan', 'boot', 'c.yaml'],
    exitCodes.config,
    /c\.yaml:2:18.*comands/s,
  ],
  [
    'a fact that is none',
    { 'c.yaml': config, 'f.yaml': 'a: 1' },
    ['--plan', 'boot', '--for', 'f.yaml', 'c.yaml'],
    exitCodes.config,
    /f\.yaml:1:1/,
  ],
  [
    'a template that cannot be filled in',
    { 'c.yaml': '#cloud-config\nruncmd: ["echo {{ .Values.nod.hostname }}"]' },
    ['--plan', 'boot', 'c.yaml'],
    exitCodes.config,
    /boot: runcmd: command: template: \.Values\.nod\.hostname has no value; did you mean node\?/,
  ],
]

for (const [what, files, args, code, says] of wrong) {
  test(`cloud-config run: ${what} is refused`, (t) => {
    const ended = kiln(t, files, ...args)
    assert.equal(ended.code, code)
    assert.match(ended.stderr, says)
  })
}
