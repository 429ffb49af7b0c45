import assert from 'node:assert/strict'
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { nodeHost } from '../host/node.ts'
import { noise } from '../testkit/payload-files.ts'
import {
  blobPath,
  expectReason,
  fetchAll,
  options,
  patience,
  registryWith,
} from '../testkit/payload-registry.ts'
import type { Reply } from '../testkit/web-server.ts'
import { openSource } from './open.ts'

describe('a network that breaks', () => {
  test('the transfer goes on where it broke, and little comes twice', async (context) => {
    const setup = await registryWith(context, (routes, _, made) => ({
      ...routes,
      [blobPath(made)]: [70_000, 66_000, 80_000]
        .map((breakAfter): Reply => ({ file: join(made.folder, 'root.img'), breakAfter }))
        .concat({ file: join(made.folder, 'root.img') }),
    }))
    fetchAll(setup, setup.reference)
    const asked = setup.server.asked().filter(({ url }) => url === blobPath(setup.made))
    assert.equal(asked.length, 4)
    const sent = asked.reduce((sum, { bytes }) => sum + bytes, 0)
    assert.ok(sent <= setup.made.payload.root.size * 1.05, `${sent} bytes were sent`)
  })

  test('another run goes on where the first one gave up', async (context) => {
    const setup = await registryWith(context, (routes, _, made) => ({
      ...routes,
      [blobPath(made)]: [
        { file: join(made.folder, 'root.img'), breakAfter: 150_000 },
        { status: 404 },
        { file: join(made.folder, 'root.img') },
      ],
    }))
    expectReason('not-found', () => fetchAll(setup, setup.reference))
    assert.equal(statSync(join(setup.folder, 'target/root.img.partial')).size, 150_000)
    fetchAll(setup, setup.reference)
    const ranges = setup.server
      .asked()
      .filter(({ url }) => url === blobPath(setup.made))
      .map(({ range }) => range)
    assert.deepEqual(ranges, [undefined, 'bytes=150000-', 'bytes=150000-'])
  })

  test('nothing is built on what came from a server that says it is all, and it is not', async (context) => {
    const setup = await registryWith(context, (routes, _, made) => ({
      ...routes,
      [blobPath(made)]: [
        ...Array.from(
          { length: patience.tries },
          (): Reply => ({ body: 'x'.repeat(100_000), ranges: false }),
        ),
        { file: join(made.folder, 'root.img'), breakAfter: 150_000 },
        { file: join(made.folder, 'root.img') },
      ],
    }))
    expectReason('truncated', () => fetchAll(setup, setup.reference))
    fetchAll(setup, setup.reference)
    const ranges = setup.server
      .asked()
      .filter(({ url }) => url === blobPath(setup.made))
      .map(({ range }) => range)
    assert.deepEqual(ranges.slice(patience.tries), [undefined, 'bytes=150000-'])
  })

  test('a server without ranges: from the beginning', async (context) => {
    const setup = await registryWith(context, (routes, _, made) => ({
      ...routes,
      [blobPath(made)]: [
        { file: join(made.folder, 'root.img'), breakAfter: 150_000 },
        { file: join(made.folder, 'root.img'), ranges: false },
      ],
    }))
    fetchAll(setup, setup.reference)
  })

  test('rubbish that an earlier run left is fetched anew', async (context) => {
    const setup = await registryWith(context)
    mkdirSync(join(setup.folder, 'target'))
    for (const [index, size] of [1000, setup.made.payload.root.size, 400_000].entries()) {
      rmSync(join(setup.folder, 'target/root.img'), { force: true })
      writeFileSync(join(setup.folder, 'target/root.img.partial'), noise(`rubbish ${index}`, size))
      fetchAll(setup, setup.reference)
    }
  })

  test('a file that is there already is not asked for', async (context) => {
    const setup = await registryWith(context)
    fetchAll(setup, setup.reference)
    const before = setup.server.asked().length
    fetchAll(setup, setup.reference)
    const again = setup.server.asked().slice(before)
    assert.equal(again.filter(({ url }) => url.includes('/blobs/')).length, 1, 'only the card')
  })

  test('a server that stops sending is left after a while, and asked again', async (context) => {
    const setup = await registryWith(context, (routes, _, made) => ({
      ...routes,
      [blobPath(made)]: [
        { file: join(made.folder, 'root.img'), breakAfter: 100_000, hold: true },
        { file: join(made.folder, 'root.img') },
      ],
    }))
    fetchAll(setup, setup.reference)
  })

  test('a server that is busy is asked again, and an end is made of it', async (context) => {
    const setup = await registryWith(context, (routes) => ({
      ...routes,
      '/v2/os/sample/manifests/v1': [
        { status: 503 },
        { status: 429, headers: { 'retry-after': '1' } },
        ...(routes['/v2/os/sample/manifests/v1'] ?? []),
      ],
    }))
    fetchAll(setup, setup.reference)
    const busy = await registryWith(context, (routes) => ({
      ...routes,
      '/v2/os/sample/manifests/v1': [{ status: 503 }],
    }))
    expectReason('unreachable', () => fetchAll(busy, busy.reference), /503/)
    assert.equal(busy.server.asked().length, patience.tries)
  })

  test('progress tells bytes, and ends with all of them', async (context) => {
    const { folder, reference, made } = await registryWith(context)
    const source = openSource(nodeHost(), reference, options(folder))
    const seen: number[][] = []
    source.fetch('root.img', join(folder, 'root.img'), (done, total) => seen.push([done, total]))
    assert.deepEqual(seen.at(-1), [made.payload.root.size, made.payload.root.size])
  })
})
