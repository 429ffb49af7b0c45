import { mkdir, mkdtemp, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KilnError } from '@kiln/contract'
import { type RunOptions, type RunResult, run } from '../tools/process.ts'

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
  /** Folder for mount points, on any file system. */
  readonly scratch: string
}

/** Layers, lowest first. With `upper`, changes land there; without, the tree is read-only. */
export interface RootTree {
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

/** Runs one program in a sandbox, to its end. Errors as {@link run}. */
export async function runInSandbox(
  sandbox: Sandbox,
  argv: readonly [string, ...string[]],
  options: SandboxRunOptions = {},
): Promise<RunResult> {
  if (sandbox.root.upper) {
    await mkdir(sandbox.root.upper.folder, { recursive: true })
    await mkdir(sandbox.root.upper.work, { recursive: true })
  }
  const mountpoint = await mkdtemp(join(sandbox.scratch, 'root-'))
  try {
    const directives = sandboxDirectives(sandbox)
    return await run(
      'unshare',
      [...namespaces(sandbox), 'sh', script, mountpoint, ...directives, '--', ...argv],
      {
        ...options,
        env: { HOME: '/root', ...options.env },
        explain: (output) => options.explain?.(output) ?? explainSandbox(output, argv),
      },
    )
  } finally {
    await rmdir(mountpoint)
  }
}

function namespaces({ network = false }: Sandbox): string[] {
  const own = ['--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child', ...(network ? [] : ['--net'])]
  return process.getuid?.() === 0 ? own : ['--user', '--map-root-user', '--map-auto', ...own]
}

export function sandboxDirectives({ root, mounts = [] }: Sandbox): string[] {
  return [...rootDirectives(root), 'kernel', ...mounts.flatMap(mountDirectives)]
}

function rootDirectives({ layers, upper }: RootTree): string[] {
  if (upper) return ['overlay', overlayOptions(layers, upper), '']
  return treeDirectives(layers, '')
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

/** overlayfs names the uppermost layer first and takes `:`, `,` and `\` for itself. */
function overlayOptions(layers: readonly string[], upper?: RootTree['upper']): string {
  const escaped = (path: string) => path.replaceAll(/[\\:,]/g, '\\$&')
  const lower = `lowerdir=${layers.toReversed().map(escaped).join(':')}`
  return upper ? `${lower},upperdir=${escaped(upper.folder)},workdir=${escaped(upper.work)}` : lower
}

function explainSandbox(output: string, argv: readonly string[]): KilnError | undefined {
  const denied = output.match(/^unshare: (.*(?:not permitted|denied|failed).*)$/m)?.[1]
  if (denied) {
    return new KilnError('E-PERMISSION', `a sandbox cannot be made: ${denied}`, {
      hint: 'run as root, or allow user namespaces and give the user subordinate ids (/etc/subuid, /etc/subgid)',
      output,
    })
  }
  return new KilnError('E-TOOL-FAILED', `${argv[0]} failed`, { output })
}
