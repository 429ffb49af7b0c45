import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { errorFacts } from '@kiln/contract'
import { allCommands, commandModel } from './completion/model.ts'
import { generatedPages, isCurrent } from './docs.ts'
import { createProgram } from './program.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-cli-'))
})
after(() => rmSync(folder, { recursive: true }))

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function kiln(...args: readonly string[]): Ended {
  const env = { PATH: process.env.PATH, HOME: folder, NO_COLOR: '1' }
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    env,
    encoding: 'utf8',
  })
  return { code: status, stdout, stderr }
}

/** The last line of standard output, as data. */
function last(ended: Ended): Record<string, unknown> {
  return JSON.parse(ended.stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>
}

function write(path: string, text: string): void {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

const { stdout, stderr, stdin } = process
const session = { env: {}, stdout, stderr, stdin, signal: new AbortController().signal }
const commands = allCommands(commandModel(await createProgram(session, () => {}))).map(({ path }) => path)

test('the help of every command goes to standard output and ends with an example', () => {
  for (const args of commands) {
    const { code, stdout, stderr } = kiln(...args, '--help')
    assert.equal(code, 0)
    assert.equal(stderr, '')
    const example = stdout.trimEnd().match(/\nExamples?:\n((?: {2}kiln .*\n?)+)$/)?.[1]
    assert.ok(example, `kiln ${args.join(' ')} has no example:\n${stdout}`)
    if (args[0]) assert.match(example, new RegExp(`^ {2}kiln ${args.join(' ')}`))
  }
})

test('the pages that are made from code are current (node packages/cli/src/docs.ts)', async () => {
  for (const page of await generatedPages()) assert.ok(isCurrent(page), page.file)
})

test('--version', () => assert.match(kiln('--version').stdout, /^kiln \d+\.\d+\.\d+\n$/))

const usage: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [['chekc'], /unknown command 'chekc'\n {2}hint: did you mean check\?/],
  [['build', '--dry-rn'], /unknown option '--dry-rn'\n {2}hint: did you mean --dry-run\?/],
  [['boot'], /missing required argument 'ARTIFACT'/],
  [['check', 'a', 'b'], /too many arguments/],
  [['boot', 'x', '--timeout', 'soon'], /must be a number of seconds/],
  [['boot', 'x', '--until', '['], /no regular expression/],
  [['boot', 'x', '--ssh-port', '70000'], /from 1 to 65535/],
  [['boot', 'x', '--firmware', 'u-boot'], /Allowed choices are uefi, bios/],
  [['cloud-config', 'run', 'x.yaml'], /hint: kiln cloud-config run --help/],
  [['explain', 'E-CONFIG-UNKOWN-KEY'], /did you mean "E-CONFIG-UNKNOWN-KEY"\?/],
]

for (const [args, message] of usage) {
  test(`kiln ${args.join(' ')} is a mistake in usage`, () => {
    const ended = kiln(...args)
    assert.equal(ended.code, 2)
    assert.equal(ended.stdout, '')
    assert.match(ended.stderr, /^error E-USAGE: /)
    assert.match(ended.stderr, message)
  })
}

test('a group of commands without one shows its help, and is a mistake in usage', () => {
  const ended = kiln('cloud-config')
  assert.deepEqual([ended.code, ended.stdout], [2, ''])
  assert.match(ended.stderr, /^Usage: kiln cloud-config/)
  assert.doesNotMatch(ended.stderr, /error/)
})

test('a mistake in usage is data with --json', () => {
  const ended = kiln('check', '--jsn', '--json')
  assert.equal(ended.code, 2)
  assert.equal((last(ended).error as { code: string }).code, 'E-USAGE')
})

test('init writes a starter that check accepts, and never overwrites', () => {
  const first = kiln('init', 'My System')
  assert.equal(first.code, 0)
  assert.equal(first.stdout, 'My System/kiln.yaml\nMy System/cloud-config.yaml\n')
  const checked = kiln('check', 'My System')
  assert.equal(checked.stdout, 'My System/kiln.yaml is valid:\n  debian-13-core-amd64-generic-v0.1.0\n')
  write('My System/kiln.yaml', 'mine\n')
  const second = kiln('init', 'My System')
  assert.equal(second.code, 3)
  assert.match(second.stderr, /^error E-CONFIG-EXISTS: My System\/kiln.yaml is there already/)
  assert.equal(readFileSync(join(folder, 'My System/kiln.yaml'), 'utf8'), 'mine\n')
})

test('init leaves nothing behind where only its second file is there', () => {
  write('half/cloud-config.yaml', 'mine\n')
  assert.equal(kiln('init', 'half').code, 3)
  assert.ok(!existsSync(join(folder, 'half/kiln.yaml')))
})

const head = 'name: sample\nversion: v1.0.0\nimages:\n'
const good = `${head}  - flavor: debian\n    release: "13"\n`

interface BadInput {
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  readonly code: string
  readonly at?: string
  readonly exit: number
  readonly hint?: RegExp
}

const badInputs: readonly BadInput[] = [
  { name: 'no file', files: {}, code: 'E-CONFIG-MISSING', at: 'kiln.yaml', exit: 3, hint: /kiln init/ },
  {
    name: 'a syntax error',
    files: { 'kiln.yaml': `${good}\t- x\n` },
    code: 'E-CONFIG-SYNTAX',
    at: 'kiln.yaml:6:1',
    exit: 3,
  },
  {
    name: 'an unknown key',
    files: { 'kiln.yaml': `${good}    hostnam: a\n` },
    code: 'E-CONFIG-UNKNOWN-KEY',
    at: 'kiln.yaml:6:5',
    exit: 3,
    hint: /did you mean "hostname"\?/,
  },
  {
    name: 'a missing key',
    files: { 'kiln.yaml': `${head}  - flavor: debian\n` },
    code: 'E-CONFIG-MISSING-KEY',
    at: 'kiln.yaml:4:5',
    exit: 3,
  },
  {
    name: 'a wrong type',
    files: { 'kiln.yaml': good.replace('"13"', '13') },
    code: 'E-CONFIG-WRONG-TYPE',
    at: 'kiln.yaml:5:14',
    exit: 3,
    hint: /"13"/,
  },
  {
    name: 'a bad value',
    files: { 'kiln.yaml': good.replace('v1.0.0', '1.0.0') },
    code: 'E-CONFIG-BAD-VALUE',
    at: 'kiln.yaml:2:10',
    exit: 3,
  },
  {
    name: 'an unknown distribution',
    files: { 'kiln.yaml': good.replace('debian', 'debain') },
    code: 'E-DISTRO-UNKNOWN',
    at: 'kiln.yaml:4:13',
    exit: 3,
    hint: /did you mean "debian"\?/,
  },
  {
    name: 'an unknown release',
    files: { 'kiln.yaml': good.replace('"13"', '"3"') },
    code: 'E-DISTRO-UNKNOWN',
    at: 'kiln.yaml:5:14',
    exit: 3,
    hint: /13/,
  },
  {
    name: 'the same image twice',
    files: { 'kiln.yaml': `${good}  - flavor: debian\n    release: "13"\n` },
    code: 'E-CONFIG-BAD-VALUE',
    at: 'kiln.yaml:6:5',
    exit: 3,
  },
  {
    name: 'a missing overlay',
    files: { 'kiln.yaml': `${good}    overlay: gone\n` },
    code: 'E-OVERLAY-UNREADABLE',
    at: 'kiln.yaml:6:14',
    exit: 3,
  },
  {
    name: 'a missing cloud-config',
    files: { 'kiln.yaml': `${good}    cloud-config: gone.yaml\n` },
    code: 'E-CLOUD-CONFIG',
    at: 'kiln.yaml:6:19',
    exit: 3,
  },
  {
    name: 'a cloud-config without its header',
    files: { 'kiln.yaml': `${good}    cloud-config: c.yaml\n`, 'c.yaml': 'hostname: a\n' },
    code: 'E-CLOUD-CONFIG',
    at: 'c.yaml:1:1',
    exit: 3,
  },
  {
    name: 'a missing keyring',
    files: { 'kiln.yaml': `keyring: gone.gpg\n${good}` },
    code: 'E-KEYRING-MISSING',
    at: 'kiln.yaml:1:10',
    exit: 6,
  },
]

for (const [index, { name, files, code, at, exit, hint }] of badInputs.entries()) {
  test(`${name}: ${code}, its place and exit code, from check and from build`, () => {
    const dir = `bad-${index}`
    mkdirSync(join(folder, dir))
    for (const [path, text] of Object.entries(files)) write(join(dir, path), text)
    for (const command of ['check', 'build']) {
      const ended = kiln(command, dir)
      assert.equal(ended.code, exit, ended.stderr)
      assert.equal(ended.stdout, '')
      assert.match(ended.stderr, new RegExp(`^error ${code}: `))
      if (at) assert.match(ended.stderr, new RegExp(`^  at (/.*/)?${dir}/${at}$`, 'm'))
      if (hint) assert.match(ended.stderr, hint)
    }
  })
}

test('check shows every finding, with the line and a caret', () => {
  write('two/kiln.yaml', good.replace('debian', 'debain').replace('"13"', '"13"\n    overlay: gone'))
  assert.equal(
    kiln('check', 'two').stderr,
    `error E-DISTRO-UNKNOWN: there is no distribution "debain"
  at two/kiln.yaml:4:13
  4 |   - flavor: debain
    |             ^^^^^^
  hint: did you mean "debian"? (known: debian)
error E-OVERLAY-UNREADABLE: the overlay gone does not exist
  at two/kiln.yaml:6:14
  6 |     overlay: gone
    |              ^^^^
  hint: a path that is not absolute starts at ${folder}/two
2 errors
`,
  )
})

test('check --json gives findings with ranges, whatever is wrong', () => {
  write('json/kiln.yaml', `${good}    hostnam: a\n`)
  const { result } = last(kiln('check', 'json', '--json')) as {
    result: { valid: boolean; findings: unknown[] }
  }
  assert.equal(result.valid, false)
  assert.deepEqual(result.findings, [
    {
      code: 'E-CONFIG-UNKNOWN-KEY',
      message: 'unknown key "hostnam" in images[0]',
      hint: 'did you mean "hostname"?',
      file: 'json/kiln.yaml',
      range: { start: { line: 5, character: 4 }, end: { line: 5, character: 11 } },
    },
  ])
  write('json/kiln.yaml', good)
  const valid = kiln('check', 'json', '--json')
  assert.equal(valid.code, 0)
  assert.deepEqual(last(valid).result, {
    valid: true,
    file: 'json/kiln.yaml',
    images: ['debian-13-core-amd64-generic-v1.0.0'],
    findings: [],
  })
})

test('build refuses a --cloud-config that a node would not read', () => {
  write('extra/kiln.yaml', good)
  write('extra/cloud.yaml', 'hostname: a\n')
  const ended = kiln('build', 'extra', '--cloud-config', 'extra/cloud.yaml')
  assert.equal(ended.code, 3)
  assert.match(ended.stderr, /^error E-CLOUD-CONFIG: .*\n {2}at extra\/cloud.yaml:1:1/)
})

test('boot of an artifact that is not there', () => {
  const ended = kiln('boot', 'gone.iso', '--progress', 'none')
  assert.equal(ended.code, 3)
  assert.match(ended.stderr, /^error E-ARTIFACT-MISSING: /)
})

test('schema prints a JSON Schema', () => {
  const schema = JSON.parse(kiln('schema').stdout) as Record<string, unknown>
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema')
})

test('explain knows every code, in small letters and without its E, too', () => {
  const list = kiln('explain').stdout
  for (const code of Object.keys(errorFacts)) assert.ok(list.includes(code))
  const words = ['E-DISK-FULL', 'e-disk-full', 'disk-full'].map((word) => kiln('explain', word).stdout)
  assert.match(words[0] ?? '', /^E-DISK-FULL\n\n.*What to do: .*Exit code 6\.\n$/s)
  assert.equal(new Set(words).size, 1)
})

test('doctor groups what it finds, and its exit code says whether building is possible', () => {
  const ended = kiln('doctor', '--json')
  const { groups } = last(ended).result as {
    groups: { name: string; possible: boolean; checks: unknown[] }[]
  }
  assert.deepEqual(
    groups.map(({ name }) => name),
    ['build', 'boot', 'boot-arm64', 'test'],
  )
  assert.equal(ended.code, groups[0]?.possible ? 0 : 6)
  assert.match(kiln('doctor').stdout, /^build: (not )?possible\n/)
})

test('the launcher works through a link, from any folder', () => {
  symlinkSync(fileURLToPath(new URL('../../../kiln', import.meta.url)), join(folder, 'link'))
  const { status, stdout } = spawnSync(join(folder, 'link'), ['--version'], { cwd: '/', encoding: 'utf8' })
  assert.equal(status, 0)
  assert.match(stdout, /^kiln /)
})

test('a reader that goes away early is no failure', async () => {
  const child = spawn(process.execPath, [main, 'schema'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  assert.equal(code, 0)
  assert.equal(stderr, '')
})
