import type { Bytes } from './bytes.ts'

const remembered = 64

/**
 * A disk out of blocks of one size. What was read last is remembered: whoever reads small things reads the same block again.
 * @param block gives the content of a block; undefined where it is a hole
 */
export function mapped(
  size: number,
  blockBytes: number,
  block: (index: number) => Promise<Buffer> | undefined,
): Bytes {
  const known = new Map<number, Promise<Buffer>>()
  const get = (index: number): Promise<Buffer> | undefined => {
    const before = known.get(index)
    if (before) return before
    const content = block(index)
    if (!content) return undefined
    known.set(index, content)
    const [oldest] = known.keys()
    if (known.size > remembered && oldest !== undefined) known.delete(oldest)
    return content
  }
  return {
    size,
    async read(offset, length) {
      const end = Math.min(size, offset + length)
      const result = Buffer.alloc(Math.max(0, end - offset))
      const first = Math.floor(offset / blockBytes)
      const count = Math.max(0, Math.ceil(end / blockBytes) - first)
      const blocks = await Promise.all(Array.from({ length: count }, (_, index) => get(first + index)))
      for (const [index, content] of blocks.entries()) {
        if (!content) continue
        const start = (first + index) * blockBytes
        const from = Math.max(0, offset - start)
        content.copy(result, start + from - offset, from, Math.min(content.length, end - start))
      }
      return result
    },
  }
}
