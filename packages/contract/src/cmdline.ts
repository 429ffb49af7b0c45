/**
 * The kernel command line: splitting as the kernel does it (double quotes protect blanks), and the words that Kiln reads.
 */
export interface BootParameters {
  /** dm-verity root hash, 64 hex digits: `kiln.roothash=`. Sits in the UKI, so it is as trusted as the kernel. */
  readonly rootHash: string | undefined
  /** Bytes from the start of root.img to the hash tree: `kiln.hashoffset=`. */
  readonly hashOffset: number | undefined
  /**
   * Where the root is: `root=live:CDLABEL=<label>`, `root=live:memory` for one that came with the initramfs, or
   * `kiln.slot=<name>` on COS_STATE. Without both, and without a `root=`
   * that is somebody else's, it is the slot that has the root hash as its name: so one UKI serves all carriers.
   */
  readonly source: RootSource | undefined
  /** Id of the boot entry, from loaders that do not tell it otherwise: `kiln.entry=`. */
  readonly entry: string | undefined
  /** `rd.shell` or `rd.shell=1`: a shell on failure. */
  readonly rescueShell: boolean
  /** `rd.kiln.debug`: say each step. */
  readonly debug: boolean
  /** `kiln.verify=lazy` skips the reading-through of a live medium. */
  readonly verifyAhead: boolean
  /** Seconds without progress after which the initramfs of an installed system is started again; 0: never. `kiln.watchdog=`. */
  readonly watchdogSeconds: number
}

/** Says that the root image came with the initramfs, and where it is there. */
export const memoryRootWord = 'root=live:memory'
export const memoryRoot = '/payload/root.img'

/** Longer than any single step of a healthy boot. */
const usualWatchdogSeconds = 180

export type RootSource =
  | { readonly kind: 'live'; readonly label: string }
  /** The root image is a file of the initramfs: {@link memoryRoot}. */
  | { readonly kind: 'memory' }
  | { readonly kind: 'slot'; readonly slot: string }

/** Splits a command line into words. `a="b c"` is one word, `a=b c`; an unclosed quote runs to the end. */
export function splitCommandLine(line: string): string[] {
  const words: string[] = []
  let word = ''
  let quoted = false
  let started = false
  for (const char of line) {
    if (char === '"') {
      quoted = !quoted
      started = true
    } else if (!quoted && /\s/.test(char)) {
      if (started) words.push(word)
      word = ''
      started = false
    } else {
      word += char
      started = true
    }
  }
  if (started) words.push(word)
  return words
}

/** The value of a `key=value` word; the last one wins, as in the kernel. A bare `key` gives the empty string. */
export function parameter(words: readonly string[], key: string): string | undefined {
  return words.findLast((word) => isParameter(word, key))?.slice(key.length + 1)
}

/** The same, but the first one wins: what the UKI says comes before all that is appended to it, and cannot be undone. */
function firstParameter(words: readonly string[], key: string): string | undefined {
  return words.find((word) => isParameter(word, key))?.slice(key.length + 1)
}

function isParameter(word: string, key: string): boolean {
  return word === key || word.startsWith(`${key}=`)
}

function flag(words: readonly string[], key: string): boolean {
  const value = parameter(words, key)
  return value !== undefined && !['0', 'no', 'false', 'off'].includes(value)
}

function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,4}$/.test(text) ? Number(text) : undefined
}

function rootSource(words: readonly string[], rootHash: string | undefined): RootSource | undefined {
  const slot = parameter(words, 'kiln.slot')
  if (slot) return { kind: 'slot', slot }
  const root = parameter(words, 'root')
  if (root === undefined) return rootHash === undefined ? undefined : { kind: 'slot', slot: rootHash }
  if (root === memoryRootWord.slice('root='.length)) return { kind: 'memory' }
  const label = root.match(/^live:(?:CD)?LABEL=(.+)$/)?.[1]
  return label === undefined ? undefined : { kind: 'live', label }
}

export function parseBootParameters(line: string): BootParameters {
  const words = splitCommandLine(line)
  const rootHash = firstParameter(words, 'kiln.roothash')?.match(/^[0-9a-f]{64}$/)?.[0]
  const offset = Number(firstParameter(words, 'kiln.hashoffset'))
  return {
    rootHash,
    hashOffset: Number.isSafeInteger(offset) && offset > 0 ? offset : undefined,
    source: rootSource(words, rootHash),
    entry: parameter(words, 'kiln.entry') || undefined,
    rescueShell: flag(words, 'rd.shell'),
    debug: flag(words, 'rd.kiln.debug'),
    verifyAhead: parameter(words, 'kiln.verify') !== 'lazy',
    watchdogSeconds: seconds(parameter(words, 'kiln.watchdog')) ?? usualWatchdogSeconds,
  }
}
