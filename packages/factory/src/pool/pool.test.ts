import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { KilnError } from '@kiln/contract'
import type { LockedPackage } from '../lock/lock.ts'
import { sha256 } from '../testkit/debian-archive.ts'
import { type Answer, serve } from '../testkit/server.ts'
import { expectCode, plant, temporaryFolder, withAptConfig } from '../testkit/testkit.ts'
import { partOf } from './part-file.ts'
import { openPool } from './pool.ts'

const content = Buffer.from('the bytes of a package file, '.repeat(1000))
const half = content.length / 2
const interrupted = new KilnError('E-INTERRUPTED', 'interrupted')
const never = new AbortController().signal

/** A pool and a server that gives one answer after another, the last of them again and again. */
async function bench(t: TestContext, ...answers: readonly [Answer, ...Answer[]]) {
  let count = 0
  const server = await serve(t, (request) => answers[Math.min(count++, answers.length - 1)]?.(request))
  const folder = join(temporaryFolder(t), 'pool')
  const file: LockedPackage = {
    name: 'editor',
    version: '1:1.0',
    architecture: 'all',
    sha256: sha256(content),
    size: content.length,
    url: `${server.url}/pool/editor_1.0_all.deb`,
  }
  const came: number[] = []
  return {
    ...server,
    folder,
    file,
    get: (signal = never) => openPool(folder).get(file, signal, (bytes) => came.push(bytes)),
    /** Bytes that came over the network. */
    loaded: () => came.reduce((sum, bytes) => sum + bytes, 0),
    names: () => (existsSync(folder) ? readdirSync(folder) : []),
  }
}

const good: Answer = () => content

describe('the pool of package files', () => {
  it('loads a file that it lacks, and keeps it by its hash', async (t) => {
    const { get, file, folder, names, loaded } = await bench(t, good)
    const path = await get()
    assert.equal(path, join(folder, file.sha256))
    assert.deepEqual(readFileSync(path), content)
    assert.deepEqual(names(), [basename(path)])
    assert.equal(loaded(), content.length)
  })

  it('asks nobody for a file that it has', async (t) => {
    const { get, asked, loaded } = await bench(t, good)
    const first = await get()
    assert.equal(await get(), first)
    assert.deepEqual([asked.length, loaded()], [1, content.length])
  })

  it('does not take a file of another length for the one that is wanted', async (t) => {
    const { get, folder, file } = await bench(t, good)
    plant(folder, { [file.sha256]: 'the bytes' })
    assert.deepEqual(readFileSync(await get()), content)
  })

  const troubles: readonly (readonly [what: string, answer: Answer, reason: RegExp])[] = [
    ['gives other bytes', () => content.toString().toUpperCase(), /not those that the archive signed/],
    ['gives too little', () => content.subarray(1), /not those that the archive signed/],
    ['gives nothing', () => '', /not those that the archive signed/],
    [
      'breaks off',
      () => ({ begin: content.subarray(0, half), length: content.length }),
      /broke the connection off$/,
    ],
    ['is in trouble', () => 503, /503/],
    ['lets nobody in', () => 403, /403/],
  ]
  for (const [what, answer, reason] of troubles) {
    it(`goes on where a mirror ${what} twice`, async (t) => {
      const { get, asked, names, file } = await bench(t, answer, answer, good)
      assert.deepEqual(readFileSync(await get()), content)
      assert.equal(asked.length, 3)
      assert.deepEqual(names(), [file.sha256])
    })

    it(`gives up where a mirror ${what} three times, and keeps nothing of it`, async (t) => {
      const { get, asked, names, file } = await bench(t, answer, answer, answer, good)
      const error = await expectCode('E-MIRROR-UNREACHABLE', () => get())
      assert.match(error.message, reason)
      assert.ok(error.message.includes(file.url) && error.message.includes(file.name), error.message)
      assert.ok(error.hint)
      assert.equal(error.exitCode, 7)
      assert.equal(asked.length, 3)
      assert.deepEqual(names(), [])
    })
  }

  it('gives up where nobody listens', async (t) => {
    const { get, names, close } = await bench(t, good)
    await close()
    const error = await expectCode('E-MIRROR-UNREACHABLE', () => get())
    assert.match(error.message, /: 127\.0\.0\.1:\d+ refuses connections$/)
    assert.match(error.hint ?? '', /http_proxy.*same command/)
    assert.deepEqual(names(), [])
  })

  it('loads over the proxy of apt', async (t) => {
    const { file, folder, url, asked } = await bench(t, good)
    withAptConfig(t, `Acquire::http::Proxy "${url}";`)
    const elsewhere = { ...file, url: 'http://mirror.invalid/editor.deb' }
    const path = await openPool(folder).get(elsewhere, never, () => {})
    assert.deepEqual(readFileSync(path), content)
    assert.deepEqual(asked, [elsewhere.url])
  })

  it('removes what a killed process left behind, and not what another one is loading', async (t) => {
    const { get, file, folder, names } = await bench(t, good)
    const other = 'ab'.repeat(32)
    const loading = basename(partOf(join(folder, other)))
    const left = loading.replace(/-\d+-\d+-/, '-1-1-')
    plant(folder, { [left]: 'half', [loading]: 'half', [other]: 'whole' })
    await get()
    assert.deepEqual(names().toSorted(), [file.sha256, loading, other].toSorted())
  })

  for (const status of [404, 410]) {
    it(`asks only once for a file that is gone (${status}), and says what to do`, async (t) => {
      const { get, asked, names, file } = await bench(t, () => status, good)
      const error = await expectCode('E-PACKAGE-GONE', () => get())
      assert.equal(error.exitCode, 9)
      assert.match(error.hint ?? '', /kiln lock/)
      assert.deepEqual(error.subjects, ['editor'])
      assert.ok(error.message.includes(file.url), error.message)
      assert.equal(asked.length, 1)
      assert.deepEqual(names(), [])
    })
  }

  const waits: readonly (readonly [what: string, answer: (abort: () => void) => ReturnType<Answer>])[] = [
    [
      'before the answer',
      (abort) => {
        abort()
        return undefined
      },
    ],
    [
      'in the middle of a transfer',
      () => ({ begin: content.subarray(0, half), length: content.length, hold: true }),
    ],
  ]
  for (const [what, answer] of waits) {
    it(`leaves nothing and asks no more when it is interrupted ${what}`, { timeout: 20_000 }, async (t) => {
      const controller = new AbortController()
      const abort = () => controller.abort(interrupted)
      const { file, folder, asked, names } = await bench(t, () => answer(abort))
      await assert.rejects(openPool(folder).get(file, controller.signal, abort), interrupted)
      assert.equal(asked.length, 1)
      assert.deepEqual(names(), [])
    })
  }

  it('asks nobody when it was interrupted before', async (t) => {
    const { get, asked, names } = await bench(t, good)
    await assert.rejects(get(AbortSignal.abort(interrupted)), interrupted)
    assert.deepEqual([asked, names()], [[], []])
  })

  it('gives one whole file to several who want it at once', async (t) => {
    const { get, names, file } = await bench(t, good)
    const paths = await Promise.all(Array.from({ length: 6 }, () => get()))
    assert.equal(new Set(paths).size, 1)
    assert.deepEqual(names(), [file.sha256])
    assert.deepEqual(readFileSync(paths[0] ?? ''), content)
  })

  it('never shows a file that is not whole', async (t) => {
    const { file, folder, names } = await bench(t, good)
    await openPool(folder).get(file, never, () => assert.ok(!names().includes(file.sha256)))
    assert.equal(statSync(join(folder, file.sha256)).size, file.size)
  })

  it('takes a server that falls silent for one that broke off', { timeout: 20_000 }, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const silent: Answer = () => {
      setImmediate(() => t.mock.timers.tick(30_000))
      return undefined
    }
    const { get, asked, names } = await bench(t, silent, silent, silent, good)
    const error = await expectCode('E-MIRROR-UNREACHABLE', () => get())
    assert.match(error.message, /fell silent/)
    assert.equal(asked.length, 3)
    assert.deepEqual(names(), [])
  })
})
