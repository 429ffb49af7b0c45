import * as z from 'zod/mini'
import { type Actor, OperationError, runOrFail } from './actor.ts'

/** A partition table as `sfdisk --json` prints it. Sectors. */
const Printed = z.object({
  partitiontable: z.object({
    label: z.string(),
    sectorsize: z._default(z.number(), 512),
    lastlba: z._default(z.number(), 0),
    partitions: z._default(
      z.array(
        z.object({ node: z.string(), start: z.number(), size: z.number(), name: z.optional(z.string()) }),
      ),
      [],
    ),
  }),
})

export interface Table {
  readonly sectorBytes: number
  readonly lastLba: number
  readonly partitions: readonly TablePartition[]
}

export interface TablePartition {
  readonly node: string
  readonly number: number
  readonly start: number
  readonly size: number
  readonly name: string | undefined
}

/** @throws OperationError where the disk has no GPT */
export function readTable(actor: Actor, device: string): Table {
  const printed = z.safeParse(Printed, JSON.parse(runOrFail(actor, ['sfdisk', '--json', device])))
  if (!printed.success)
    throw new OperationError(`layout: ${device} has a partition table that is not understood`)
  const { label, sectorsize, lastlba, partitions } = printed.data.partitiontable
  if (label !== 'gpt')
    throw new OperationError(`layout: ${device} has a partition table of the kind ${label}, not GPT`)
  return {
    sectorBytes: sectorsize,
    lastLba: lastlba,
    partitions: partitions.map(({ node, start, size, name }) => ({
      ...{ node, start, size, name },
      number: Number(node.match(/\d+$/)?.[0] ?? 0),
    })),
  }
}

export function lastPartition({ partitions }: Table): TablePartition | undefined {
  return partitions.toSorted((a, b) => a.start - b.start).at(-1)
}
