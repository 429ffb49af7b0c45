import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readDocument } from '@kiln/contract'
import { Definition } from '@kiln/contract/definition'

/**
 * The documentation does what it says: every shell block is run, or says why not, and every whole kiln.yaml is valid.
 * The blocks of a page are run one after another in one folder, as a reader would.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).sort()

interface Block {
  readonly language: string
  readonly text: string
  /** Line of the opening fence. */
  readonly line: number
}

function blocksOf(page: string): Block[] {
  const markdown = readFileSync(join(root, page), 'utf8')
  return [...markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(
    ({ 1: language = '', 2: text = '', index }) => ({
      language,
      text,
      line: markdown.slice(0, index).split('\n').length,
    }),
  )
}

const notRun = /^# not run in the tests: \S.+$/m

for (const page of pages) {
  const shellBlocks = blocksOf(page).filter(({ language }) => language === 'sh')
  const run = shellBlocks.filter(({ text }) => !notRun.test(text))
  if (run.length === 0) continue
  test(`${page}: its commands work`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'kiln-docs-'))
    try {
      const env = environment(folder)
      for (const { text, line } of run) {
        const { status, stdout, stderr } = spawnSync('sh', ['-eu', '-c', text], {
          cwd: join(folder, 'work'),
          env,
          encoding: 'utf8',
        })
        assert.equal(status, 0, `${page}:${line}\n${text}\n${stdout}${stderr}`)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
}

/** A folder such as the checkout is for a reader, with the examples, and `kiln` on the path. */
function environment(folder: string): NodeJS.ProcessEnv {
  for (const name of ['bin', 'work', 'home']) mkdirSync(join(folder, name))
  symlinkSync(join(root, 'kiln'), join(folder, 'bin/kiln'))
  symlinkSync(join(root, 'examples'), join(folder, 'work/examples'))
  return {
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    HOME: join(folder, 'home'),
    NO_COLOR: '1',
  }
}

test('there are commands that are run', () => {
  const run = pages.flatMap(blocksOf).filter(({ language, text }) => language === 'sh' && !notRun.test(text))
  assert.ok(run.length >= 4)
})

test('every code block says what it is', () => {
  const known = ['sh', 'yaml', 'text', 'json']
  const wrong = pages.flatMap((page) =>
    blocksOf(page)
      .filter(({ language }) => !known.includes(language))
      .map(({ line }) => `${page}:${line}`),
  )
  assert.deepEqual(wrong, [])
})

test('every whole kiln.yaml in the documentation is valid', () => {
  for (const page of pages) {
    for (const { language, text, line } of blocksOf(page)) {
      if (language !== 'yaml' || !/^name:/m.test(text)) continue
      const result = readDocument(Definition, text, `${page}:${line}`)
      assert.deepEqual('findings' in result ? result.findings : [], [])
    }
  }
})

test('every example is valid', () => {
  for (const file of globSync('examples/*/kiln.yaml', { cwd: root })) {
    const { status, stderr } = spawnSync(join(root, 'kiln'), ['check', file], { cwd: root, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
  }
})
