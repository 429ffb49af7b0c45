import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { nodeHost } from '../host/node.ts'
import {
  blobPath,
  expectReason,
  fetchAll,
  freshFolder,
  options,
  registryWith,
} from '../testkit/payload-registry.ts'
import type { SourceReason } from './error.ts'
import { openSource } from './open.ts'

describe('a server that lies', () => {
  const cases: readonly (readonly [string, SourceReason, RegExp, Parameters<typeof registryWith>[1]])[] = [
    [
      'other bytes of the right length',
      'digest-mismatch',
      /root\.img/,
      (routes, _, made) => ({ ...routes, [blobPath(made)]: [{ body: 'x'.repeat(made.payload.root.size) }] }),
    ],
    [
      'too few bytes, and says so',
      'truncated',
      /less than the 300000 bytes/,
      (routes, _, made) => ({
        ...routes,
        [blobPath(made)]: [{ body: 'x'.repeat(1000), ranges: false }],
      }),
    ],
    [
      'too many bytes',
      'digest-mismatch',
      /more bytes than/,
      (routes, _, made) => ({
        ...routes,
        [blobPath(made)]: [{ file: join(made.folder, 'root.img'), extra: 1000 }],
      }),
    ],
    [
      'breaks off each time at once',
      'truncated',
      /root\.img/,
      (routes, _, made) => ({
        ...routes,
        [blobPath(made)]: [{ file: join(made.folder, 'root.img'), breakAfter: 10 }],
      }),
    ],
    [
      'another manifest than the digest says',
      'digest-mismatch',
      /answers with sha256/,
      (routes, stored) => ({
        ...routes,
        [`/v2/os/sample/manifests/${stored.manifest.digest}`]: [{ body: `${stored.manifest.text} ` }],
      }),
    ],
    [
      'a manifest with another file than the card names',
      'digest-mismatch',
      /its manifest has another root\.img/,
      (routes, stored, made) => {
        const text = stored.manifest.text.replaceAll(made.payload.root.digest, made.payload.uki.digest)
        return {
          ...routes,
          '/v2/os/sample/manifests/v1': [{ body: text }],
        }
      },
    ],
    [
      'no such tag',
      'not-found',
      /os\/sample:v1/,
      (routes) => ({ ...routes, '/v2/os/sample/manifests/v1': [{ status: 404 }] }),
    ],
    [
      'a page in place of a manifest',
      'wrong-media',
      /no manifest/,
      (routes) => ({ ...routes, '/v2/os/sample/manifests/v1': [{ body: '<html>Log in</html>' }] }),
    ],
    [
      'an ordinary container image',
      'wrong-media',
      /container image/,
      (routes, stored) => {
        const { manifests } = JSON.parse(stored.index.text) as { manifests: unknown[] }
        const text = JSON.stringify({ manifests: manifests.slice(0, 1) })
        return { ...routes, '/v2/os/sample/manifests/v1': [{ body: text }] }
      },
    ],
    [
      'no access',
      'unauthorized',
      /does not give out os\/sample/,
      (routes) => ({ ...routes, '/v2/os/sample/manifests/v1': [{ status: 403 }] }),
    ],
  ]
  for (const [name, reason, message, change] of cases) {
    test(name, async (context) => {
      const setup = await registryWith(context, change)
      expectReason(reason, () => fetchAll(setup, setup.reference), message)
      assert.ok(
        !readdirSync(join(setup.folder, 'target')).includes('root.img'),
        'nothing passes for the file',
      )
    })
  }

  test('another architecture', async (context) => {
    const setup = await registryWith(context)
    expectReason(
      'wrong-architecture',
      () => fetchAll(setup, setup.reference, { arch: 'arm64' }),
      /it has: amd64/,
    )
  })

  test('nobody there', (context) => {
    const folder = freshFolder(context)
    const source = openSource(nodeHost(), 'oci:127.0.0.1:1/os:v1', options(folder))
    expectReason('unreachable', () => source.describe(), /127\.0\.0\.1:1\/os:v1/)
  })

  test('plain HTTP, which nobody allowed', async (context) => {
    const { folder, reference, server } = await registryWith(context)
    const settings = { registries: {}, allowInsecure: false }
    const source = openSource(nodeHost(), reference, options(folder, { settings }))
    expectReason('insecure', () => source.describe())
    assert.deepEqual(server.asked(), [])
    expectReason('insecure', () =>
      openSource(nodeHost(), `http://${server.host}/a`, options(folder, { settings })),
    )
  })
})
