import { mkdir, mkdtemp, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { removeTree } from '../run/remove-tree.ts'
import { runInSandbox } from '../sandbox/sandbox.ts'
import { toolchainSandbox } from '../toolchain/toolchain.ts'
import { compareEntries, type Difference, type Entry, parseEntries } from './compare.ts'

const script = fileURLToPath(new URL('unpack.sh', import.meta.url))

/** Artifacts that can be looked into. Everything else is compared as a whole. */
const kinds: readonly { readonly pattern: RegExp; readonly kind: string }[] = [
  { pattern: /^root\.img$/, kind: 'root' },
  { pattern: /^initramfs$/, kind: 'initramfs' },
  { pattern: /\.iso$/, kind: 'iso' },
]

export interface ExplainOptions {
  readonly toolchain: { readonly folder: string }
  /** On a file system with room for both, unpacked. */
  readonly scratch: string
  readonly signal: AbortSignal
}

/** What differs between two artifacts of the same kind, down to the file where it has files. */
export async function explainDifference(
  first: string,
  second: string,
  options: ExplainOptions,
): Promise<Difference[]> {
  const name = basename(first)
  const kind = kinds.find(({ pattern }) => pattern.test(name))?.kind
  const whole = { place: name, what: 'content differs' }
  if (!kind) return [whole]
  const [a, b] = [await listArtifact(kind, first, options), await listArtifact(kind, second, options)]
  const differences = compareEntries(a, b, name)
  // The same files, and yet other bytes: it is in the order or the metadata of the container itself.
  return differences.length > 0 ? differences : [{ ...whole, what: 'the same files, packed in another way' }]
}

/** Every entry of an artifact, unpacked by its kind: `root`, `initramfs` or `iso`. */
export async function listArtifact(kind: string, file: string, options: ExplainOptions): Promise<Entry[]> {
  const scratch = await mkdtemp(join(options.scratch, 'explain-'))
  try {
    const unpacked = join(scratch, 'unpacked')
    await mkdir(unpacked)
    const sandbox = toolchainSandbox(options.toolchain, scratch, [
      { kind: 'bind-ro', source: dirname(file), target: '/run/work/in' },
      { kind: 'bind', source: unpacked, target: '/run/work/unpacked' },
      { kind: 'file-ro', source: script, target: '/run/work/unpack.sh' },
    ])
    const argv = ['sh', '/run/work/unpack.sh', kind, `/run/work/in/${basename(file)}`] as const
    await runInSandbox(sandbox, argv, { signal: options.signal })
    const [attributes, hashes] = await Promise.all(
      ['attributes', 'hashes'].map((name) => readFile(join(unpacked, name), 'utf8')),
    )
    return parseEntries(attributes ?? '', hashes ?? '')
  } finally {
    await removeTree(scratch)
  }
}
