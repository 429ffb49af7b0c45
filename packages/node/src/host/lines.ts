import type { LineReader } from './host.ts'

const newline = 0x0a
const carriageReturn = 0x0d
const chunkBytes = 4096

/**
 * Lines from something that gives bytes piece by piece: a terminal gives one line at a time.
 * @param read at most so many bytes, none at the end
 * @param decode UTF-8 to text
 */
export function readLines(
  read: (length: number) => Uint8Array,
  decode: (bytes: Uint8Array) => string,
  close: () => void,
): LineReader {
  let waiting: number[] = []
  const take = (bytes: number[]) =>
    decode(Uint8Array.from(bytes.at(-1) === carriageReturn ? bytes.slice(0, -1) : bytes))
  return {
    next() {
      for (;;) {
        const end = waiting.indexOf(newline)
        if (end >= 0) return take(waiting.splice(0, end + 1).slice(0, -1))
        const more = read(chunkBytes)
        if (more.length === 0) return waiting.length === 0 ? undefined : take(waiting.splice(0))
        waiting = [...waiting, ...more]
      }
    },
    close,
  }
}
