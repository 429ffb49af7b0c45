import { promisify } from 'node:util'
import { deflateRaw } from 'node:zlib'
import { blockBytes } from './data-map.ts'

const deflate = promisify<Buffer, object, Buffer>(deflateRaw)

const sampleBytes = 4096
/** A sample that stays at least that large is packed already. */
const worthwhile = 0.95

/**
 * The level of deflate for a piece of a disk. Most of it is packed already, the root image above all: storing that takes a
 * thirtieth of the time that it takes to find out. Follows from the bytes alone.
 */
export async function packLevel(piece: Buffer): Promise<0 | 1> {
  const samples: Buffer[] = []
  for (let at = 0; at < piece.length; at += blockBytes) samples.push(piece.subarray(at, at + sampleBytes))
  const sample = Buffer.concat(samples)
  const packed = await deflate(sample, { level: 1 })
  return packed.length < sample.length * worthwhile ? 1 : 0
}
