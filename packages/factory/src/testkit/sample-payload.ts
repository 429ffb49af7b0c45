import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import type { Payload } from '@kiln/contract'
import { grubImages } from '@kiln/contract/testkit/grub-images'
import { writeCpio } from '../payload/cpio.ts'
import { makeElf } from './elf.ts'
import { makePe } from './pe.ts'

const block = 4096

export interface SamplePayload {
  readonly card: Payload
  /** `sha256:<64 hex digits>` of the card. */
  readonly digest: string
  readonly folder: string
}

export interface SampleChange {
  /** e_machine of the programs in the initramfs. Default: x86-64. */
  readonly machine?: number
  /** Default: a generic machine. */
  readonly device?: string
}

/** A payload as the factory makes it, of nothing that would boot: every digest, hash and header is right. */
export function makeSamplePayload(
  folder: string,
  { machine = 62, device = 'generic' }: SampleChange = {},
): SamplePayload {
  mkdirSync(folder, { recursive: true })
  const files: Record<string, Buffer> = {}
  const data = Buffer.concat([Buffer.from('hsqs'), noise(300 * block - 4)])
  const { tree, rootHash } = verityTree(data)
  files['root.img'] = Buffer.concat([data, tree])
  files.kernel = makePe({ sections: { '.text': noise(5000) } })
  files.initramfs = zstdCompressSync(writeCpio(initramfsFiles(machine), 0))
  const cmdline = `kiln.roothash=${rootHash} kiln.hashoffset=${data.length} console=ttyS0`
  files['boot.efi'] = makePe({
    sections: { '.cmdline': Buffer.from(`${cmdline}\0`), '.initrd': files.initramfs, '.linux': files.kernel },
  })
  files['packages.json'] = Buffer.from('[]\n')
  files['systemd-boot.efi'] = makePe({ sections: { '.text': noise(3000) } })
  const { boot, core } = grubImages()
  files['grub-boot.img'] = Buffer.from(boot)
  files['grub-core.img'] = Buffer.from(core)
  const describe = (file: string) => {
    const content = files[file] ?? Buffer.alloc(0)
    return { file, digest: sha256(content), size: content.length }
  }
  const card: Payload = {
    schema: 'kiln.payload/v1',
    image: {
      name: 'sample',
      flavor: 'debian',
      flavorRelease: '13',
      variant: 'core',
      arch: 'amd64',
      device,
      version: 'v1.0.0',
    },
    root: { ...describe('root.img'), hashOffset: data.length, rootHash },
    uki: describe('boot.efi'),
    kernel: { ...describe('kernel'), version: '6.12' },
    initramfs: describe('initramfs'),
    packages: { ...describe('packages.json'), count: 0 },
    bootLoader: {
      version: '1',
      files: ['systemd-boot.efi', 'grub-boot.img', 'grub-core.img'].map(describe),
    },
    cmdline,
    agent: { version: 'v1', digest: sha256(Buffer.from('agent')) },
  }
  const text = Buffer.from(`${JSON.stringify(card, undefined, 2)}\n`)
  for (const [name, content] of Object.entries({ ...files, 'payload.json': text }))
    writeFileSync(join(folder, name), content)
  return { card, digest: sha256(text), folder }
}

function initramfsFiles(machine: number) {
  const program = makeElf()
  program.writeUInt16LE(machine, 18)
  return [
    { kind: 'file', path: 'bin/kiln-agent', content: program, executable: true },
    { kind: 'file', path: 'init', content: Buffer.from('#!/bin/sh\n'), executable: true },
  ] as const
}

/** As `veritysetup format` makes it, without salt (cryptsetup, docs/on-disk-format of dm-verity). */
function verityTree(data: Buffer): { tree: Buffer; rootHash: string } {
  const superblock = Buffer.alloc(block)
  superblock.write('verity\0\0', 0, 'latin1')
  superblock.writeUInt32LE(1, 8)
  superblock.writeUInt32LE(1, 12)
  superblock.write('sha256', 32, 'latin1')
  superblock.writeUInt32LE(block, 64)
  superblock.writeUInt32LE(block, 68)
  superblock.writeBigUInt64LE(BigInt(data.length / block), 72)
  const levels: Buffer[] = []
  for (let below = data; below.length > block || levels.length === 0; ) {
    const hashes = Array.from({ length: below.length / block }, (_, index) =>
      createHash('sha256')
        .update(below.subarray(index * block, (index + 1) * block))
        .digest(),
    )
    below = Buffer.concat(hashes, Math.ceil((hashes.length * 32) / block) * block)
    levels.unshift(below)
  }
  const rootHash = createHash('sha256')
    .update(levels[0] ?? Buffer.alloc(0))
    .digest('hex')
  return { tree: Buffer.concat([superblock, ...levels]), rootHash }
}

/** Bytes that follow from their number and look like packed ones. */
export function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = length + 1
  for (let at = 0; at < length; at++) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    bytes[at] = state >> 16
  }
  return bytes
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
