import { type Changes, changesBetween, type Described, type Payload } from '@kiln/contract'

/** What another payload brings. Sizes are bytes. */
export interface PayloadDiff {
  readonly kind: 'payload'
  readonly changes: Changes
  /** Files that differ. */
  readonly files: readonly FileDiff[]
  /** How many files are the same to the byte. */
  readonly same: number
  /** Of all files. */
  readonly size: { readonly from: number; readonly to: number }
  /** What a node that runs the first one fetches for the second: a payload is fetched whole, or not at all. */
  readonly download: number
}

export interface FileDiff {
  readonly file: string
  /** Undefined where there is no such file. */
  readonly from?: number
  readonly to?: number
}

export function diffPayloads(from: Described, to: Described): PayloadDiff {
  const [before, after] = [filesOf(from.payload), filesOf(to.payload)]
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted()
  const differing = names.filter((name) => before.get(name)?.digest !== after.get(name)?.digest)
  const changes = changesBetween(from, to)
  const isSame = differing.length === 0 && Object.keys(changes).every((key) => key === 'packages')
  const size = { from: sum(before), to: sum(after) }
  return {
    kind: 'payload',
    changes,
    files: differing.map((file) => {
      const [old, own] = [before.get(file)?.size, after.get(file)?.size]
      return { file, ...(old === undefined ? {} : { from: old }), ...(own === undefined ? {} : { to: own }) }
    }),
    same: names.length - differing.length,
    size,
    download: isSame ? 0 : size.to,
  }
}

type PayloadFile = Payload['uki']

function filesOf({
  root,
  uki,
  kernel,
  initramfs,
  packages,
  bootLoader,
}: Payload): ReadonlyMap<string, PayloadFile> {
  return new Map(
    [root, uki, kernel, initramfs, packages, ...bootLoader.files].map((each) => [each.file, each]),
  )
}

function sum(files: ReadonlyMap<string, PayloadFile>): number {
  return [...files.values()].reduce((bytes, { size }) => bytes + size, 0)
}
