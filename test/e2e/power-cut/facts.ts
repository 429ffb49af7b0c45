import { join } from 'node:path'
import { partitionNames } from '@kiln/contract'
import { type BiosFacts, hasNoBootCode, lookAtBios, sectorBytes } from './bios.ts'
import { Digests } from './digests.ts'
import { type Ext4Facts, Ext4Inspector } from './ext4.ts'
import { readFat } from './fat.ts'
import type { Range, ReplayDisk } from './replay-disk.ts'
import { type Partition, type PartitionTable, readTable } from './sfdisk.ts'

/** What a disk holds, as the programs see it that start from it. */
export interface DiskFacts {
  readonly table: PartitionTable
  readonly esp: EspFacts
  /** Only on disks that start under BIOS. */
  readonly bios?: BiosFacts
  /** The first sector has no code that a BIOS would start, or one that goes on with the next disk. */
  readonly hasNoBootCode: boolean
  /** `kiln/…` and `slots/…` on COS_STATE. */
  readonly state: Ext4Facts
  /** What is wrong with the other file systems that were looked at, by the partitions' names. */
  readonly others: Readonly<Record<string, string>>
}

export interface FileFact {
  readonly bytes: number
  /** `sha256:<64 hex digits>`; empty where it cannot be read. */
  readonly digest: string
  /** Of small files. */
  readonly content?: Buffer
  readonly problem?: string
}

export interface EspFacts {
  /** By path, in lower case, without a slash at its start. */
  readonly files: Readonly<Record<string, FileFact>>
  readonly problem?: string
  /** See fat.ts. */
  readonly hazards: readonly string[]
}

export interface InspectorOptions {
  /** Folder for copies. */
  readonly scratch: string
  /** Names of ext4 partitions to check beside the state. Default: oem and persistent. */
  readonly others?: readonly string[] | undefined
}

const smallBytes = 256 * 1024
const mebibyte = 1024 * 1024

/** Looks at a disk again and again. What has not changed since some look before is not read again. */
export class Inspector {
  readonly #disk: ReplayDisk
  readonly #digests: Digests
  readonly #state: Ext4Inspector
  readonly #other: Ext4Inspector
  readonly #others: readonly string[]
  readonly #known = new Map<string, unknown>()
  readonly #contents = new Map<string, Buffer>()

  constructor(disk: ReplayDisk, { scratch, others }: InspectorOptions) {
    this.#disk = disk
    this.#digests = new Digests(disk)
    const common = { disk, digests: this.#digests, scratch: join(scratch, 'partition.raw') }
    this.#state = new Ext4Inspector({ ...common, folders: ['kiln', 'slots'] })
    this.#other = new Ext4Inspector({ ...common, folders: [] })
    this.#others = others ?? [partitionNames.oem, partitionNames.persistent]
  }

  async look(): Promise<DiskFacts> {
    const { bytes, file } = this.#disk
    const ends = [
      { offset: 0, bytes: mebibyte },
      { offset: bytes - mebibyte, bytes: mebibyte },
    ]
    const table = await this.#once('table', ends, () => readTable(file))
    const find = (name: string) => table.partitions.find((partition) => partition.name === name)
    const [esp, state, bios] = [partitionNames.efi, partitionNames.state, partitionNames.bios].map(find)
    const others: Record<string, string> = {}
    for (const name of this.#others) {
      const partition = find(name)
      const looked = partition && (await this.#once(name, [partition], () => this.#other.look(partition)))
      if (looked?.problem) others[name] = looked.problem
    }
    return {
      table,
      esp: esp ? await this.#once('esp', [esp], async () => this.#lookAtEsp(esp)) : noEsp,
      hasNoBootCode: hasNoBootCode(this.#disk.read(0, sectorBytes)),
      ...(bios ? { bios: lookAtBios((offset, length) => this.#disk.read(offset, length), bios) } : {}),
      state: state ? await this.#once('state', [state], () => this.#lookAtState(state)) : noState,
      others,
    }
  }

  async #once<T>(what: string, ranges: readonly Range[], look: () => Promise<T>): Promise<T> {
    const key = `${what} ${this.#disk.version(ranges)}`
    if (!this.#known.has(key)) this.#known.set(key, await look())
    return this.#known.get(key) as T
  }

  #lookAtEsp(partition: Partition): EspFacts {
    const read = (offset: number, bytes: number) => this.#disk.read(partition.offset + offset, bytes)
    const { files, ...volume } = readFat(read)
    const facts = files.map(({ path, bytes, ranges, problem }): [string, FileFact] => {
      if (problem) return [path, { bytes, digest: '', problem }]
      const onDisk = ranges.map((range) => ({ ...range, offset: range.offset + partition.offset }))
      const digest = this.#digests.of(onDisk)
      if (bytes > smallBytes) return [path, { bytes, digest }]
      const content = Buffer.concat(ranges.map((range) => read(range.offset, range.bytes)))
      return [path, this.#shared({ bytes, digest, content })]
    })
    return { files: Object.fromEntries(facts), ...volume }
  }

  async #lookAtState(partition: Partition): Promise<Ext4Facts> {
    const { files, ...rest } = await this.#state.look(partition)
    const entries = Object.entries(files).map(([path, file]) => [path, this.#shared(file)] as const)
    return { ...rest, files: Object.fromEntries(entries) }
  }

  /** The same content is kept only once: there are hundreds of looks. */
  #shared(fact: FileFact): FileFact {
    if (!fact.content) return fact
    const content = this.#contents.get(fact.digest) ?? fact.content
    this.#contents.set(fact.digest, content)
    return { ...fact, content }
  }
}

const noEsp: EspFacts = { files: {}, problem: 'there is no partition "efi"', hazards: [] }
const noState: Ext4Facts = { files: {}, problem: 'there is no partition "state"' }

/** The text of a small file; undefined where it is not there or cannot be read. */
export function textOf(files: Readonly<Record<string, FileFact>>, path: string): string | undefined {
  return files[path]?.content?.toString('utf8')
}
