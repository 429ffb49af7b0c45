import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { type Extent, type ListedFile, listExtents, listFolders } from './debugfs.ts'
import { type Digests, digestOf, type Piece } from './digests.ts'
import { mendExt4 } from './e2fsck.ts'
import type { FileFact } from './facts.ts'
import { blockBytes, type Range, type ReplayDisk } from './replay-disk.ts'

export interface Ext4Facts {
  readonly problem?: string
  /** By path, without a slash at its start. */
  readonly files: Readonly<Record<string, FileFact>>
}

interface Ext4Options {
  readonly disk: ReplayDisk
  readonly digests: Digests
  /** Where the partition can be copied to. */
  readonly scratch: string
  /** Folders whose files, and those of their folders, are told. */
  readonly folders: readonly string[]
}

/** Larger files are not copied, but read where they are. */
const smallBytes = 256 * 1024
const never = 0xffff_ffff

/** Looks into an ext4 file system again and again: each time as it would be after its journal was replayed. */
export class Ext4Inspector {
  readonly #options: Ext4Options
  /** By block of the disk: its stamp when it held content of a large file. e2fsck needs none of those that are still so. */
  readonly #content: Uint32Array

  constructor(options: Ext4Options) {
    this.#options = options
    this.#content = new Uint32Array(Math.ceil(options.disk.bytes / blockBytes)).fill(never)
  }

  async look(partition: Range): Promise<Ext4Facts> {
    const { scratch, folders } = this.#options
    const copy = openSync(scratch, 'w+')
    try {
      this.#copy(partition, copy)
      const wrong = await mendExt4(scratch)
      const problem = wrong && { problem: wrong.said }
      if (wrong?.kind === 'unreadable') return { ...problem, files: {} }
      const files = await listTwoLevels(scratch, folders)
      const extents = await listExtents(
        scratch,
        files.map(({ inode }) => inode),
      )
      const facts = files.map((file, index): [string, FileFact] => {
        const pieces = piecesOf(extents[index] ?? [], file.bytes)
        return [
          file.path,
          file.bytes > smallBytes ? this.#largeFile(file, pieces, partition) : smallFile(file, pieces, copy),
        ]
      })
      return { ...problem, files: Object.fromEntries(facts) }
    } finally {
      closeSync(copy)
      await rm(scratch)
    }
  }

  /** Sparsely, and without what is known to be content of large files. */
  #copy({ offset, bytes }: Range, copy: number): void {
    const { disk } = this.#options
    ftruncateSync(copy, bytes)
    const [first, end] = [offset / blockBytes, Math.floor((offset + bytes) / blockBytes)]
    const isNeeded = (block: number) => !disk.isEmpty(block) && this.#content[block] !== disk.stamp(block)
    for (let block = first; block < end; ) {
      if (!isNeeded(block)) {
        block++
        continue
      }
      let behind = block + 1
      while (behind < end && behind - block < longestRun && isNeeded(behind)) behind++
      const data = disk.read(block * blockBytes, (behind - block) * blockBytes)
      writeSync(copy, data, 0, data.length, block * blockBytes - offset)
      block = behind
    }
  }

  #largeFile({ bytes }: ListedFile, pieces: readonly Piece[], partition: Range): FileFact {
    const { disk, digests } = this.#options
    const onDisk = pieces.map((piece) =>
      piece.isHole ? piece : { ...piece, offset: piece.offset + partition.offset },
    )
    for (const { offset, bytes: length, isHole } of onDisk) {
      const block = offset / blockBytes
      for (let each = 0; !isHole && each < length / blockBytes; each++) {
        this.#content[block + each] = disk.stamp(block + each)
      }
    }
    return { bytes, digest: digests.of(onDisk) }
  }
}

const longestRun = 1024

async function listTwoLevels(
  file: string,
  folders: readonly string[],
): Promise<(ListedFile & { readonly path: string })[]> {
  const list = async (paths: readonly string[]) => {
    const listed = await listFolders(
      file,
      paths.map((path) => `/${path}`),
    )
    return listed.flatMap((files, index) =>
      files.map((each) => ({ ...each, path: `${paths[index]}/${each.name}` })),
    )
  }
  const outer = await list(folders)
  const inner = await list(outer.filter(({ isFolder }) => isFolder).map(({ path }) => path))
  return [...outer, ...inner].filter(({ isFolder }) => !isFolder)
}

/** The content of a file from its start to its end, with offsets in the file system. */
function piecesOf(extents: readonly Extent[], bytes: number): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  const take = (end: number, piece: Omit<Piece, 'bytes'>) => {
    const length = Math.min(end, bytes) - at
    if (length > 0) pieces.push({ ...piece, bytes: length })
    at = Math.max(at, Math.min(end, bytes))
  }
  for (const { logical, physical, blocks, isUnwritten } of extents) {
    take(logical * blockBytes, { offset: 0, isHole: true })
    take((logical + blocks) * blockBytes, { offset: physical * blockBytes, isHole: isUnwritten })
  }
  take(bytes, { offset: 0, isHole: true })
  return pieces
}

function smallFile({ bytes }: ListedFile, pieces: readonly Piece[], copy: number): FileFact {
  const content = Buffer.concat(
    pieces.map(({ offset, bytes: length, isHole }) => {
      const buffer = Buffer.alloc(length)
      if (!isHole) readSync(copy, buffer, 0, length, offset)
      return buffer
    }),
  )
  return { bytes, digest: digestOf(content), content }
}
