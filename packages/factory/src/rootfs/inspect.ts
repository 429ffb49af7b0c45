import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runInSandbox, type SandboxRunOptions } from '../sandbox/sandbox.ts'
import { toolchainSandbox } from '../toolchain/toolchain.ts'
import { parseTree, type Tree, treeFormat } from './tree.ts'

export interface InspectOptions extends SandboxRunOptions {
  readonly layers: readonly [string, ...string[]]
  readonly toolchain: { readonly folder: string }
  readonly out: string
  readonly scratch: string
}

/** What is known of a root file system without mounting it: its listing, and copies of a few files. */
export interface Inspection {
  readonly tree: Tree
  /** Text of a picked file; empty where the root has none. */
  readText(path: string): Promise<string>
}

/** Metadata that the checks and the initramfs read. Globs, relative to the root; links are followed. */
const picked = [
  'usr/lib/os-release',
  'usr/lib/kiln/layout.json',
  'etc/kairos-release',
  'etc/machine-id',
  'etc/passwd',
  'etc/shadow',
  'usr/lib/modules/*/modules.*',
]

const script = `
cd /run/work/root
find . -xdev -printf '${treeFormat}' > /run/work/out/tree
mkdir /run/work/out/picked
for file in $PICKED; do
  if [ -f "$file" ]; then cp --parents --dereference "$file" /run/work/out/picked/; fi
done
chmod -R u=rwX,go=rX /run/work/out
`

/** Lists a root and copies what is picked into `<out>/tree` and `<out>/picked`. */
export async function inspectRoot(options: InspectOptions): Promise<Inspection> {
  const sandbox = toolchainSandbox(options.toolchain, options.scratch, [
    { kind: 'tree-ro', layers: options.layers, target: '/run/work/root' },
    { kind: 'bind', source: options.out, target: '/run/work/out' },
  ])
  await runInSandbox(sandbox, ['sh', '-euc', script], { ...options, env: { PICKED: picked.join(' ') } })
  return readInspection(options.out)
}

export async function readInspection(folder: string): Promise<Inspection> {
  return {
    tree: parseTree(await readFile(join(folder, 'tree'), 'utf8')),
    readText: (path) => readFile(join(folder, 'picked', path), 'utf8').catch(() => ''),
  }
}
