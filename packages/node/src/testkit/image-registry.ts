import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { nodeHost } from '../host/node.ts'
import { realActor } from './actors.ts'
import { type Reply, webServer } from './web-server.ts'

/** A packed layer with these files; those that begin with #! can be run. */
export function packedLayer(context: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-layer-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, 'root', path, '..'), { recursive: true })
    writeFileSync(join(folder, 'root', path), text)
    if (text.startsWith('#!')) chmodSync(join(folder, 'root', path), 0o755)
  }
  execFileSync('tar', ['-C', join(folder, 'root'), '-czf', join(folder, 'layer'), '.'])
  return join(folder, 'layer')
}

const digestOf = (bytes: string | Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const type = 'application/vnd.oci.image'

/** A registry with an image for amd64 of these layers. */
export async function imageRegistry(context: TestContext, layers: readonly string[]) {
  const routes: Record<string, readonly Reply[]> = {}
  const descriptors = layers.map((file) => {
    const bytes = readFileSync(file)
    routes[`/v2/tools/blobs/${digestOf(bytes)}`] = [{ file }]
    return { mediaType: `${type}.layer.v1.tar+gzip`, digest: digestOf(bytes), size: bytes.length }
  })
  const put = (value: unknown, ...names: string[]) => {
    const body = JSON.stringify(value)
    for (const name of [digestOf(body), ...names]) routes[`/v2/tools/manifests/${name}`] = [{ body }]
    return { digest: digestOf(body), size: body.length }
  }
  const config = { mediaType: `${type}.config.v1+json`, digest: digestOf('{}'), size: 2 }
  const manifest = put({
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config,
    layers: descriptors,
  })
  const entry = {
    mediaType: `${type}.manifest.v1+json`,
    ...manifest,
    platform: { os: 'linux', architecture: 'amd64' },
  }
  put({ schemaVersion: 2, mediaType: `${type}.index.v1+json`, manifests: [entry] }, 'v1')
  return webServer(context, routes)
}

/** A node whose configuration allows the registry of the test. */
export function actorWithRegistry(context: TestContext, host: string) {
  const config = `#cloud-config\nkiln: {registries: {"${host}": {plain-http: true}}}\n`
  const own = nodeHost()
  return realActor(context, {
    list: (path) => (path === '/oem' ? ['registry.yaml'] : own.list(path)),
    stat: (path) =>
      path === '/oem/registry.yaml' ? { ...own.stat('/etc/passwd'), size: config.length } : own.stat(path),
    readText: (path) => (path === '/oem/registry.yaml' ? config : own.readText(path)),
  })
}
