import { mkdir, mkdtemp, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KilnError } from '@kiln/contract'
import { type RunOptions, type RunResult, run } from '../tools/process.ts'
import { isolated, unshareRefusal } from '../tools/unshare.ts'
import { type Emulation, emulating, explainEmulation } from './emulation.ts'

/**
 * A root file system to run a program in: a mount and process namespace of its own, `/proc`, a small `/dev`, empty `/tmp`
 * and `/run`. Nothing is mounted on the build machine, no daemon, no loop device. As root or, for other users, in a user
 * namespace with their subordinate ids.
 */
export interface Sandbox {
  readonly root: RootTree
  readonly mounts?: readonly Mount[]
  /** Default: no network. */
  readonly network?: boolean
  /** Runs the root's programs, where they are of an architecture that this machine does not run. */
  readonly emulation?: Emulation | undefined
  /** Folder for mount points, on any file system. */
  readonly scratch: string
}

/** Either layers, lowest first: with `upper`, changes land there; without, the tree is read-only. Or one folder, written in place. */
export type RootTree = LayeredRoot | { readonly folder: string }

export interface LayeredRoot {
  readonly layers: readonly [string, ...string[]]
  readonly upper?: { readonly folder: string; readonly work: string }
}

export type Mount =
  | { readonly kind: 'bind' | 'bind-ro' | 'file-ro'; readonly source: string; readonly target: string }
  | { readonly kind: 'tree-ro'; readonly layers: readonly [string, ...string[]]; readonly target: string }

export type SandboxRunOptions = Pick<
  RunOptions,
  'env' | 'input' | 'onLine' | 'signal' | 'okCodes' | 'explain'
>

const script = fileURLToPath(new URL('sandbox.sh', import.meta.url))

/** Runs one program in a sandbox, to its end. Errors as {@link run}; E-BASE-MISMATCH where the root has a link at a mount point. */
export async function runInSandbox(
  sandbox: Sandbox,
  argv: readonly [string, ...string[]],
  options: SandboxRunOptions = {},
): Promise<RunResult> {
  const upper = 'layers' in sandbox.root ? sandbox.root.upper : undefined
  for (const folder of upper ? [upper.folder, upper.work] : []) await mkdir(folder, { recursive: true })
  const mountpoint = await mkdtemp(join(sandbox.scratch, 'root-'))
  try {
    const directives = sandboxDirectives(sandbox)
    const namespaces = isolated({ network: sandbox.network ?? false })
    const command = [
      ...(sandbox.emulation ? emulating(sandbox.emulation) : []),
      'chroot',
      mountpoint,
      ...argv,
    ]
    return await run('setpriv', [...namespaces, 'sh', script, mountpoint, ...directives, '--', ...command], {
      ...options,
      env: { HOME: '/root', ...options.env },
      explain: (output) =>
        explainEmulation(output) ?? options.explain?.(output) ?? explainSandbox(output, argv),
    })
  } finally {
    await rmdir(mountpoint)
  }
}

export function sandboxDirectives({ root, mounts = [] }: Sandbox): string[] {
  return [...rootDirectives(root), 'kernel', ...mounts.flatMap(mountDirectives)]
}

function rootDirectives(root: RootTree): string[] {
  if ('folder' in root) return ['root', root.folder]
  if (root.upper) return ['overlay', overlayOptions(root.layers, root.upper), '']
  return treeDirectives(root.layers, '')
}

function treeDirectives(layers: readonly string[], target: string): string[] {
  if (layers.length > 1) return ['overlay', overlayOptions(layers), target]
  const [only = ''] = layers
  return target === '' ? ['root-ro', only] : ['bind-ro', only, target]
}

function mountDirectives(mount: Mount): string[] {
  if (mount.kind === 'tree-ro') return treeDirectives(mount.layers, mount.target)
  return [mount.kind, mount.source, mount.target]
}

/**
 * overlayfs names the uppermost layer first and takes `:`, `,` and `\\` for itself. In a user namespace it may keep its
 * notes in attributes of users only.
 */
function overlayOptions(layers: readonly string[], upper?: LayeredRoot['upper']): string {
  const escaped = (path: string) => path.replaceAll(/[\\:,]/g, '\\$&')
  const options = [`lowerdir=${layers.toReversed().map(escaped).join(':')}`]
  if (upper) options.push(`upperdir=${escaped(upper.folder)}`, `workdir=${escaped(upper.work)}`)
  if (process.getuid?.() !== 0) options.push('userxattr')
  return options.join(',')
}

function explainSandbox(output: string, argv: readonly string[]): KilnError | undefined {
  const denied = unshareRefusal(output)
  if (denied) {
    return new KilnError('E-PERMISSION', `a sandbox cannot be made: ${denied}`, {
      hint: 'run as root, or allow user namespaces and give the user subordinate ids (/etc/subuid, /etc/subgid)',
      output,
    })
  }
  const link = output.match(/^sandbox: (.+) is a link$/m)?.[1]
  if (link !== undefined) {
    return new KilnError(
      'E-BASE-MISMATCH',
      `${link} is a link in the root file system; it must be a folder`,
      {
        hint: 'nothing can be mounted there safely: a link could lead out of the root; make it a folder in the base',
      },
    )
  }
  return new KilnError('E-TOOL-FAILED', `${argv[0]} failed`, { output })
}
