import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { nodeHost } from '../host/node.ts'
import { SourceError, type SourceReason } from '../source/error.ts'
import { openSource, type SourceOptions } from '../source/open.ts'
import { type MadePayload, makePayload, type StoredImage, storePayload } from './payload-files.ts'
import { type Reply, type WebServer, webServer } from './web-server.ts'

/** Sources with the real curl, cp, tar and sha256sum, and a registry that does as each test wants. */
export function freshFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-source-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export const patience = { connect: 5, stall: 1, tries: 3, pause: 10, longestPause: 20 }

export function options(folder: string, changes: Partial<SourceOptions> = {}): SourceOptions {
  return {
    arch: 'amd64',
    settings: { registries: {}, allowInsecure: true },
    authFiles: [join(folder, 'auth.json')],
    work: join(folder, 'work'),
    patience,
    ...changes,
  }
}

export function expectReason(reason: SourceReason, action: () => unknown, message = /./): void {
  assert.throws(action, (error) => {
    assert.ok(error instanceof SourceError, String(error))
    assert.deepEqual([error.reason, message.test(error.message)], [reason, true], error.message)
    assert.ok(error.advice.length > 10)
    return true
  })
}

export interface Setup {
  readonly folder: string
  readonly made: MadePayload
  readonly stored: StoredImage
  readonly server: WebServer
  readonly reference: string
}

export type Routes = Record<string, readonly Reply[]>

/** A payload in a registry. @param change the routes as they should be for this test */
export async function registryWith(
  context: TestContext,
  change: (routes: Routes, stored: StoredImage, made: MadePayload) => Routes = (routes) => routes,
): Promise<Setup> {
  const folder = freshFolder(context)
  const made = makePayload(join(folder, 'payload'))
  const stored = storePayload(made, join(folder, 'layout'), 'v1')
  const manifest = (digest: string): readonly Reply[] => [{ file: stored.blobs.get(digest) ?? '' }]
  const routes: Routes = {
    '/v2/os/sample/manifests/v1': manifest(stored.index.digest),
    ...Object.fromEntries(
      [stored.index.digest, stored.manifest.digest].map((digest) => [
        `/v2/os/sample/manifests/${digest}`,
        manifest(digest),
      ]),
    ),
    ...Object.fromEntries(
      [...stored.blobs].map(([digest, file]) => [`/v2/os/sample/blobs/${digest}`, [{ file }]]),
    ),
  }
  const server = await webServer(context, change(routes, stored, made))
  return { folder, made, stored, server, reference: `oci:${server.host}/os/sample:v1` }
}

export const blobPath = ({ payload }: MadePayload) => `/v2/os/sample/blobs/${payload.root.digest}`

export function fetchAll(
  { folder, made }: Pick<Setup, 'folder' | 'made'>,
  reference: string,
  changes = {},
): string {
  const target = join(folder, 'target')
  mkdirSync(target, { recursive: true })
  const source = openSource(nodeHost(), reference, options(folder, changes))
  assert.deepEqual(source.describe(), { payload: made.payload, digest: made.digest })
  for (const file of made.files) source.fetch(file, join(target, file), () => {})
  for (const file of made.files) {
    assert.deepEqual(readFileSync(join(target, file)), readFileSync(join(made.folder, file)), file)
  }
  assert.deepEqual(readdirSync(target).sort(), [...made.files].sort(), 'nothing else is left')
  return target
}
