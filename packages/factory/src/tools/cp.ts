import { run } from './process.ts'
import { isolated } from './unshare.ts'

/** Copies a tree with owners, modes, links, capabilities and devices; shares the blocks where the file system can. */
export async function copyTree(from: string, to: string, signal: AbortSignal): Promise<void> {
  const copy = ['cp', '--archive', '--reflink=auto', '--no-target-directory', from, to]
  await run('setpriv', [...isolated({ network: false }), ...copy], { signal })
}

/** Copies a file; what is nothing but zeros takes no blocks in the copy, though it did before. */
export async function copyHoles(from: string, to: string): Promise<void> {
  await run('cp', ['--reflink=never', '--sparse=always', '--no-target-directory', from, to])
}

/** Copies a file. What it has no blocks for takes none in the copy: a disk image is mostly empty. */
export async function copySparse(from: string, to: string): Promise<void> {
  await run('cp', ['--reflink=auto', '--sparse=auto', '--no-target-directory', from, to])
}
