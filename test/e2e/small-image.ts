import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { KilnError } from '@kiln/contract'
import { freshFolder } from './harness.ts'

const type = 'application/vnd.oci.image'

/**
 * Makes an image of one layer and pushes it, over plain HTTP.
 * @param files those that begin with #! can be run
 */
export async function pushImage(
  registry: string,
  name: string,
  tags: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const repository = `http://${registry}/v2/${name}`
  const layer = await packedLayer(files)
  const config = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: {}, config: {} }))
  for (const blob of [layer, config]) await pushBlob(repository, blob)
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config: descriptor(`${type}.config.v1+json`, config),
    layers: [descriptor(`${type}.layer.v1.tar+gzip`, layer)],
  })
  const headers = { 'content-type': `${type}.manifest.v1+json` }
  for (const tag of tags) {
    await ask(`${repository}/manifests/${tag}`, { method: 'PUT', headers, body: manifest })
  }
}

async function packedLayer(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const folder = await freshFolder()
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
    await chmod(join(folder, path), text.startsWith('#!') ? 0o755 : 0o644)
  }
  // The folder that a layer is unpacked into gets its mode, too.
  await chmod(folder, 0o755)
  return execFileSync('tar', ['--create', '--gzip', '--owner=0', '--group=0', '--directory', folder, '.'])
}

/** Distribution specification 1.1: an upload in one piece. */
async function pushBlob(repository: string, blob: Buffer): Promise<void> {
  const { headers } = await ask(`${repository}/blobs/uploads/`, { method: 'POST' })
  const place = new URL(headers.get('location') ?? '', repository)
  place.searchParams.set('digest', digestOf(blob))
  await ask(place.href, { method: 'PUT', body: new Uint8Array(blob) })
}

async function ask(url: string, request: RequestInit): Promise<Response> {
  const response = await fetch(url, request)
  if (response.ok) return response
  throw new KilnError(
    'E-TOOL-FAILED',
    `${request.method} ${url}: ${response.status} ${await response.text()}`,
  )
}

function descriptor(mediaType: string, blob: Buffer) {
  return { mediaType, digest: digestOf(blob), size: blob.length }
}

function digestOf(blob: Buffer): string {
  return `sha256:${createHash('sha256').update(blob).digest('hex')}`
}
