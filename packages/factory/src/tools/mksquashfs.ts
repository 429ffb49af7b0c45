/** Arguments for mksquashfs 4.6; runs in the toolchain. */
export interface SquashfsOptions {
  readonly source: string
  readonly target: string
  /** Seconds since 1970, for the file system and every file in it. */
  readonly epoch: number
  /** zstd level; see docs/decisions/0005. */
  readonly level: number
}

/** Filled at run time; whatever a base has in there would only hide below a mount. */
export const emptiedFolders = ['dev', 'proc', 'sys', 'run', 'tmp', 'boot'] as const

export function mksquashfsArguments({
  source,
  target,
  epoch,
  level,
}: SquashfsOptions): [string, ...string[]] {
  return [
    'mksquashfs',
    source,
    target,
    '-noappend',
    '-no-progress',
    ...['-comp', 'zstd', '-Xcompression-level', String(level), '-b', '256K'],
    // By default a quarter of the machine's memory, and touching it for the first time costs a tenth of the packing.
    ...['-mem', '512M'],
    ...['-mkfs-time', String(epoch), '-all-time', String(epoch)],
    '-xattrs',
    ...['-wildcards', '-e', ...emptiedFolders.map((folder) => `${folder}/*`)],
  ]
}
