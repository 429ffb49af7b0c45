import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFile, mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { BuildResult } from '@kiln/factory'
import { fileDigest } from '@kiln/factory/resolve/digest'
import { type Moment, runBuild } from './broken-off.ts'
import { type Built, buildExample, cacheFolder, freshFolder, kiln, repository } from './harness.ts'

/**
 * Where a build is killed: at the start of each kind of step, in the middle of its work, and where it hands over. The
 * times are where that kind of step is usually busy; one that comes too late kills the step after it, which is as good.
 */
const moments: readonly Moment[] = [
  { step: /toolchain\/base-files/, event: 'step-started', afterMs: 0 },
  { step: /toolchain\/base-files/, event: 'step-started', afterMs: 250 },
  { step: /toolchain\/base-files/, event: 'step-finished', afterMs: 0 },
  { step: /toolchain\/files/, event: 'step-started', afterMs: 300 },
  { step: /core.*\/files/, event: 'step-started', afterMs: 200 },
  { step: /core.*\/files/, event: 'step-finished', afterMs: 0 },
  { step: /toolchain\/base$/, event: 'step-started', afterMs: 1500 },
  { step: /toolchain\/base$/, event: 'step-started', afterMs: 4500 },
  { step: /toolchain\/base$/, event: 'step-finished', afterMs: 0 },
  { step: /\/packages$/, event: 'step-started', afterMs: 500 },
  { step: /^toolchain$/, event: 'step-started', afterMs: 4000 },
  { step: /^toolchain$/, event: 'step-finished', afterMs: 0 },
  { step: /^agent/, event: 'step-started', afterMs: 250 },
  { step: /\/packages$/, event: 'step-started', afterMs: 8000 },
  { step: /\/packages$/, event: 'step-finished', afterMs: 0 },
  { step: /\/packages$/, event: 'step-finished', afterMs: 80 },
  { step: /\/convert$/, event: 'step-started', afterMs: 0 },
  { step: /\/convert$/, event: 'step-started', afterMs: 60 },
  { step: /\/convert$/, event: 'step-finished', afterMs: 0 },
  { step: /\/validate$/, event: 'step-started', afterMs: 100 },
  { step: /\/root-image$/, event: 'step-started', afterMs: 1200 },
  { step: /\/root-image$/, event: 'step-finished', afterMs: 0 },
  { step: /\/initramfs$/, event: 'step-started', afterMs: 700 },
  { step: /\/initramfs$/, event: 'step-finished', afterMs: 0 },
  { step: /\/payload$/, event: 'step-started', afterMs: 0 },
  { step: /\/payload$/, event: 'step-started', afterMs: 150 },
  { step: /\/iso$/, event: 'step-started', afterMs: 0 },
  { step: /\/iso$/, event: 'step-started', afterMs: 500 },
  { step: /\/iso$/, event: 'step-finished', afterMs: 0 },
]

describe('a build that is broken off', () => {
  const definition = join(repository, 'examples/debian')
  let expected: Record<string, string>

  before(async () => {
    expected = await digests(await buildExample({ out: await freshFolder() }))
  })

  test(`is killed at ${moments.length} moments, goes on each time, and ends with the right bytes`, async (t) => {
    const [cache, out] = [await cacheWithFiles(), await freshFolder()]
    const finished = new Set<string>()
    let kills = 0
    for (const killAt of moments) {
      const ending = await runBuild({ definition, out, cache, killAt })
      if (ending.ended === 'itself') {
        assert.equal(ending.code, 0, `${killAt.step} ${killAt.event}: ${JSON.stringify(ending)}`)
        continue
      }
      kills++
      for (const step of ending.finished) finished.add(step)
    }
    t.diagnostic(`killed ${kills} times`)
    assert.ok(kills >= 20, `only ${kills} of ${moments.length} moments came before the build ended`)
    const last = await runBuild({ definition, out, cache })
    assert.ok(last.ended === 'itself' && last.result)
    assert.ok(last.result.reused >= finished.size, 'what was finished is not made again')
    assert.deepEqual(await digests(builtOf(last.result)), expected)
    await kiln(['cache', 'verify', '--cache', cache])
  })

  test('beside another one shares the work with it', async () => {
    const cache = await cacheWithFiles()
    const builds = await Promise.all(
      [await freshFolder(), await freshFolder()].map((out) => runBuild({ definition, out, cache })),
    )
    const results = builds.map((build) => {
      assert.ok(build.ended === 'itself' && build.result, JSON.stringify(build))
      return build.result
    })
    for (const result of results) assert.deepEqual(await digests(builtOf(result)), expected)
    const [one, two] = results
    assert.ok(one && two)
    assert.equal(one.built + two.built, one.built + one.reused, 'each step was made once')
  })

  test('by a full disk says so, and goes on when there is room', async () => {
    const [cache, out] = [await freshFolder(), await freshFolder()]
    const script = `
      mount -t tmpfs -o size=700M small "$1"
      cp -r "$4" "$1/pool"
      "$2" build "$3" --yes --payload --cache "$1" --out "$5" --json --progress none | tail -n 1 || true
      mount -o remount,size=6G "$1"
      "$2" build "$3" --yes --payload --cache "$1" --out "$5" --json --progress none | tail -n 1`
    const pool = join(await cacheWithFiles(), 'pool')
    const args = [cache, join(repository, 'kiln'), definition, pool, out]
    const { stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-eu', '-c', script, 'sh', ...args], {
      encoding: 'utf8',
    })
    const [full, room] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { error?: { code: string }; result?: BuildResult })
    assert.equal(full?.error?.code, 'E-DISK-FULL', stderr)
    assert.ok(room?.result, stderr)
    assert.deepEqual(await digests(builtOf(room.result)), expected)
  })

  test('by a byte that changed in the cache makes that step again, and says so', async () => {
    const [cache, out] = [await cacheWithFiles(), await freshFolder()]
    const first = await runBuild({ definition, out, cache })
    assert.ok(first.ended === 'itself' && first.result)
    const object = spawnSync('find', [join(cache, 'objects'), '-name', 'root.img', '-size', '+1M'], {
      encoding: 'utf8',
    })
    const [file] = object.stdout.trim().split('\n')
    await flipByte(file ?? '')
    const again = await runBuild({ definition, out: await freshFolder(), cache })
    assert.ok(again.ended === 'itself' && again.result)
    assert.ok(again.result.built > 0)
    assert.deepEqual(await digests(builtOf(again.result)), expected)
  })
})

/** An empty cache, but for the package files of the example: loading them is not what is tested. */
async function cacheWithFiles(): Promise<string> {
  const cache = await freshFolder()
  await mkdir(join(cache, 'pool'))
  const lock = await readFile(join(repository, 'examples/debian/kiln.lock'), 'utf8')
  for (const hash of new Set(lock.match(/(?<=\bsha256: )[0-9a-f]{64}/g))) {
    for (const file of [hash, `${hash}.control`]) {
      await copyFile(join(cacheFolder, 'pool', file), join(cache, 'pool', file)).catch(ignoreMissing)
    }
  }
  return cache
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

async function flipByte(path: string): Promise<void> {
  const file = await open(path, 'r+')
  const at = 1_000_000
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at)
  await file.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, at)
  await file.close()
}

function builtOf({ images, toolchain }: BuildResult): Built {
  const [image] = images
  const iso = image?.artifacts.find(({ kind }) => kind === 'iso')?.path
  const { folder } = image?.payload ?? {}
  assert.ok(image && iso && folder)
  return { iso, payload: { ...image.payload, folder }, toolchain }
}

async function digests({ iso, payload }: Built): Promise<Record<string, string>> {
  const card = await readFile(join(payload.folder, 'payload.json'), 'utf8')
  return { iso: await fileDigest(iso), root: await fileDigest(join(payload.folder, 'root.img')), card }
}
