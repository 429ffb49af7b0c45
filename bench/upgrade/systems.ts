import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { load } from 'js-yaml'
import type { Payload } from '../../packages/contract/src/index.ts'
import { generateKey } from '../../packages/factory/src/tools/ssh.ts'
import { mustRun, say } from '../measure.ts'
import { checkout } from '../workspace.ts'

/** The system that a node runs, and the one that it is upgraded to. */
export interface Systems {
  /** A disk on which the first is installed; it keeps what is written. */
  readonly disk: string
  /** The image that this disk was made of. */
  readonly raw: string
  /** A file system with the second's payload in it. */
  readonly payload: string
  /** Bytes of the payload's files. */
  readonly payloadBytes: number
  /** Of the second. */
  readonly card: Payload
  readonly user: string
  readonly key: string
}

const user = 'bench'
const diskBytes = '16G'

export async function prepareSystems(): Promise<Systems> {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'kiln-bench/upgrade')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const { key, publicKey } = await generateKey(folder)
  const [first, second] = ['v1.0.0', 'v1.1.0'].map((version) => {
    say(`builds ${version}`)
    return build(define(join(folder, version), version, publicKey))
  })
  if (!first || !second) throw new Error('nothing was built')
  const disk = join(folder, 'node.qcow2')
  mustRun('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', first.raw, disk, diskBytes])
  const payload = join(folder, 'payload.raw')
  mustRun('truncate', ['--size=2G', payload])
  mustRun('mke2fs', ['-q', '-F', '-t', 'ext4', '-L', 'PAYLOAD', '-d', second.payload, payload])
  return {
    disk,
    raw: first.raw,
    payload,
    payloadBytes: bytesIn(second.payload),
    card: JSON.parse(readFileSync(join(second.payload, 'payload.json'), 'utf8')) as Payload,
    user,
    key,
  }
}

/** The node of the other benchmark, with a file that differs, so that its root image does. */
function define(folder: string, version: string, publicKey: string): string {
  mkdirSync(join(folder, 'overlay/etc'), { recursive: true })
  writeFileSync(join(folder, 'overlay/etc/bench-version'), `${version}\n`)
  const bench = load(readFileSync(join(checkout, 'bench/definition/kiln.yaml'), 'utf8')) as {
    readonly images: readonly [Readonly<Record<string, unknown>>]
  }
  const image = { ...bench.images[0], overlay: 'overlay', disk: { firmware: 'uefi' } }
  const definition = { name: 'bench-node', version, images: [image], artifacts: ['raw'] }
  const config = {
    users: [{ name: user, groups: ['admin', 'sudo'], ssh_authorized_keys: [publicKey] }],
    write_files: [
      { path: '/etc/sudoers.d/bench', permissions: '0440', content: `${user} ALL=(ALL) NOPASSWD: ALL\n` },
    ],
  }
  // YAML is a superset of JSON.
  writeFileSync(join(folder, 'kiln.yaml'), `${JSON.stringify(definition)}\n`)
  writeFileSync(join(folder, 'cloud-config.yaml'), `#cloud-config\n${JSON.stringify(config)}\n`)
  return folder
}

function build(definition: string): { readonly raw: string; readonly payload: string } {
  const out = join(definition, 'dist')
  const lines = mustRun(join(checkout, 'kiln'), [
    ...['build', definition, '--yes', '--payload', '--out', out, '--json'],
  ])
  const { result } = JSON.parse(lines.trimEnd().split('\n').at(-1) ?? '') as {
    readonly result: {
      readonly images: readonly {
        readonly artifacts: readonly { readonly kind: string; readonly path: string }[]
        readonly payload: { readonly folder: string }
      }[]
    }
  }
  const [image] = result.images
  const raw = image?.artifacts.find(({ kind }) => kind === 'raw')?.path
  if (!image || raw === undefined) throw new Error(`${definition} made no disk image`)
  return { raw, payload: image.payload.folder }
}

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + readFileSync(join(folder, name)).length, 0)
}
