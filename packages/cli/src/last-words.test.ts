import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

/** A program with the last words of kiln, which runs `work`. */
function end(work: string) {
  const program = `
    import { sayLastWords } from ${JSON.stringify(join(import.meta.dirname, 'last-words.ts'))}
    const { env, stdout, stderr, stdin } = process
    sayLastWords(process, { env, stdout, stderr, stdin, signal: new AbortController().signal }, true)
    ${work}`
  const args = ['--input-type=module', '--eval', program]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  const last = stdout.trim().split('\n').at(-1) ?? ''
  return { status, stderr, error: last ? JSON.parse(last).error : undefined }
}

for (const { what, work, message } of [
  {
    what: 'an error that nobody waited for',
    work: "Promise.reject(new Error('lost'))\nawait new Promise((resolve) => setTimeout(resolve, 1000))",
    message: 'lost',
  },
  {
    what: 'an error event that nobody listens to',
    work: "const { EventEmitter } = await import('node:events')\nnew EventEmitter().emit('error', new Error('unheard'))",
    message: 'unheard',
  },
  {
    what: 'an end in the middle of the work',
    work: 'await new Promise(() => {})',
    message: 'the program ended in the middle of its work',
  },
]) {
  test(`${what} is told as a defect`, () => {
    const { status, stderr, error } = end(work)
    assert.equal(status, error?.exit, stderr)
    assert.notEqual(status, 0)
    assert.deepEqual([error?.code, error?.message], ['E-BUG', message])
    assert.match(stderr, new RegExp(`error E-BUG: ${message}`))
  })
}

test('an end that was wished says nothing', () => {
  assert.deepEqual(end('process.exitCode = 4'), { status: 4, stderr: '', error: undefined })
})
