import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createProgram } from '../program.ts'
import type { Session } from '../session.ts'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import { allCommands, commandModel } from './model.ts'
import { zshScript } from './zsh.ts'

const { stdout, stderr, stdin } = process
const session: Session = { env: {}, stdout, stderr, stdin, signal: new AbortController().signal }
const model = commandModel(await createProgram(session, () => {}))

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-completion-'))
  mkdirSync(join(folder, 'a-folder'))
  writeFileSync(join(folder, 'a-file'), '')
})
after(() => rmSync(folder, { recursive: true }))

/** What bash offers for the last word. */
function offered(words: readonly string[]): string[] {
  const script = `${bashScript(model)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kiln; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', 'kiln', ...words], {
    cwd: folder,
    encoding: 'utf8',
  })
  assert.equal(stderr, '')
  return stdout.split('\n').filter((line) => line !== '')
}

const cases: readonly (readonly [words: readonly string[], offered: readonly string[]])[] = [
  [['bui'], ['build']],
  [
    ['cache', ''],
    ['list', 'size', 'verify', 'prune'],
  ],
  [['cache', 'prune', '--ol'], ['--older-than']],
  [['cache', 'prune', '--older-than', ''], []],
  [
    ['build', '--progress', ''],
    ['auto', 'tty', 'plain', 'json', 'none'],
  ],
  [['build', '--progress', 'p'], ['plain']],
  [['build', 'a'], ['a-folder']],
  [
    ['build', '--cloud-config', 'a'],
    ['a-file', 'a-folder'],
  ],
  [['build', '--image', 'build', 'a'], ['a-folder']],
  [['build', 'a-folder', 'a'], []],
  [
    ['boot', 'a'],
    ['a-file', 'a-folder'],
  ],
  [['boot', 'a-file', '--firm'], ['--firmware']],
  [
    ['boot', '--firmware', ''],
    ['uefi', 'bios'],
  ],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['nothing-known', '--x'], []],
]

describe('bash', () => {
  for (const [words, expected] of cases) {
    it(`offers ${expected.join(' ') || 'nothing'} after: kiln ${words.join(' ')}`, () => {
      assert.deepEqual(offered(words).toSorted(), expected.toSorted())
    })
  }

  it('offers every option of every command', () => {
    for (const { path, options } of allCommands(model)) {
      const longs = options.map(({ long }) => long)
      assert.deepEqual(offered([...path, '--']).toSorted(), longs.toSorted())
    }
  })
})

const scripts = { bash: bashScript(model), zsh: zshScript(model), fish: fishScript(model) }
const syntaxChecks = { bash: ['-n'], zsh: ['-n'], fish: ['--no-execute'] } as const

describe('every script', () => {
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    it(`names every command and option: ${shell}`, () => {
      const names = allCommands(model).flatMap(({ path, options }) => [
        ...path,
        ...options.map(({ long }) => (shell === 'fish' ? long.slice(2) : long)),
      ])
      for (const name of names) assert.ok(scripts[shell].includes(name), name)
    })

    it(`is one that the shell can read, where the shell is there: ${shell}`, () => {
      const program = `/usr/bin/${shell}`
      if (!existsSync(program)) return
      const file = join(folder, `kiln.${shell}`)
      writeFileSync(file, scripts[shell])
      const { status, stderr } = spawnSync(program, [...syntaxChecks[shell], file], { encoding: 'utf8' })
      assert.equal(status, 0, stderr)
    })
  }
})
