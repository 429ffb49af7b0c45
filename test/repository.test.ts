import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { errorFacts, exitCodes } from '@kiln/contract'
import { warningFacts } from '@kiln/contract/cloud-config/warnings'

/** Rules for the repository as a whole. */
const root = fileURLToPath(new URL('..', import.meta.url))

/** Every file that is tracked or could be: what .gitignore leaves. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(root, file)))

const read = (file: string) => readFileSync(join(root, file), 'utf8')
const sources = files.filter((file) => file.startsWith('packages/') && /\.(ts|c|h|sh)$/.test(file))
const tests = files.filter((file) => file.endsWith('.test.ts'))
const pages = files.filter((file) => file.endsWith('.md'))

// In pieces, so that this file does not hold them itself.
const registryHosts = [
  ['registry', 'npmjs', 'org'],
  ['deb', 'debian', 'org'],
  ['security', 'debian', 'org'],
  ['ftp', 'debian', 'org'],
  ['archive', 'ubuntu', 'com'],
].map((parts) => parts.join('.'))

test('no file names the host of a registry or an archive', () => {
  const wrong = files.flatMap((file) => {
    const text = read(file)
    return registryHosts.filter((host) => text.includes(host)).map((host) => `${file}: ${host}`)
  })
  assert.deepEqual(wrong, [])
})

test('the lock file pins by digest and names no address', () => {
  const lock = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { resolved?: string; link?: boolean }>
  }
  const wrong = Object.entries(lock.packages)
    .filter(([, { resolved, link }]) => !link && resolved !== undefined)
    .map(([name]) => name)
  assert.deepEqual(wrong, [])
})

test('every version in a package.json is exact', () => {
  const wrong = files
    .filter((file) => /(^|\/)package\.json$/.test(file))
    .flatMap((file) => {
      const facts = JSON.parse(read(file)) as Record<string, Record<string, string> | undefined>
      const all = { ...facts.dependencies, ...facts.devDependencies, ...facts.optionalDependencies }
      return Object.entries(all)
        .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
        .map(([name, version]) => `${file}: ${name} ${version}`)
    })
  assert.deepEqual(wrong, [])
})

test('every error code has its section in the reference, and every section its code', () => {
  const sections = [...read('docs/reference/errors.md').matchAll(/^### (.+)$/gm)].map(([, code]) => code)
  assert.deepEqual(sections.toSorted(), Object.keys({ ...errorFacts, ...warningFacts }).toSorted())
})

test('the section of an error code names its exit code', () => {
  const sections = read('docs/reference/errors.md')
    .split(/^### /m)
    .filter((section) => section.startsWith('E-'))
  const wrong = sections.flatMap((section) => {
    const code = section.split('\n')[0] as keyof typeof errorFacts
    const exit = exitCodes[errorFacts[code].exit]
    return new RegExp(`Exit\\s+code\\s+${exit}\\.`).test(section) ? [] : [`${code}: ${exit}`]
  })
  assert.deepEqual(wrong, [])
})

test('the page of exit codes is the table', () => {
  const rows = [...read('docs/reference/exit-codes.md').matchAll(/^\|\s*(\d+) \| (\w+)\s*\|/gm)]
  const documented = Object.fromEntries(rows.map(([, code, name]) => [name, Number(code)]))
  assert.deepEqual(documented, exitCodes)
})

test('links between pages lead somewhere', () => {
  const wrong = pages.flatMap((page) =>
    [
      ...read(page)
        .replace(/`[^`\n]*`/g, '')
        .matchAll(/\]\((?!https?:|#)([^)#\s]+)/g),
    ]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(root, dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  )
  assert.deepEqual(wrong, [])
})

test('files stay short enough to read', () => {
  const wrong = sources
    .filter((file) => !file.endsWith('.test.ts') && !file.includes('/testkit/'))
    .map((file) => ({ file, lines: read(file).trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > 300)
  assert.deepEqual(wrong, [])
})

test('no test is left out, and none alone', () => {
  const wrong = tests.filter((file) =>
    /\b(?:test|it|describe|suite)\.(?:only|skip|todo)\b|\bskip: (?!undefined)|\.skip\(\)/.test(
      withoutThisRule(read(file)),
    ),
  )
  assert.deepEqual(wrong, [])
})

/** This file speaks of what it looks for. */
function withoutThisRule(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.includes('(?:only|skip|todo)'))
    .join('\n')
}

test('the launcher and scripts can be started', () => {
  const modes = execFileSync('git', ['ls-files', '-s', 'kiln'], { cwd: root, encoding: 'utf8' })
  if (modes !== '') assert.match(modes, /^100755 /)
  assert.match(read('kiln'), /^#!\/bin\/sh\n/)
})
