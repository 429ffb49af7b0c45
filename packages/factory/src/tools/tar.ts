import { KilnError } from '@kiln/contract'

/** GNU tar, run among the container tools. */

/** Labels that mean something on the machine they come from only. */
const foreignAttributes = ['security.selinux', 'security.ima', 'security.evm', 'trusted.*', 'user.overlay.*']

/** Filled at run time; nothing that a base has in there is of use. Also what an ordinary user cannot make: devices. */
export const runtimeFolders = ['dev', 'proc', 'sys', 'run', 'tmp'] as const

const attributes = [
  '--acls',
  '--xattrs',
  '--xattrs-include=*',
  ...foreignAttributes.map((name) => `--xattrs-exclude=${name}`),
]

/** Members are called `dev/null`, `./dev/null` or `/dev/null`, as the maker of the archive liked. */
const withoutRuntime = [
  '--anchored',
  ...runtimeFolders.flatMap((name) => ['', './', '/'].map((prefix) => `--exclude=${prefix}${name}`)),
]

/** Options for unpacking a root file system from standard input: everything as it was, but for marks of deleted files. */
export const extractRootOptions: readonly string[] = [
  ...['--extract', '--file=-', '--numeric-owner', '--same-owner', '--same-permissions'],
  ...attributes,
  ...withoutRuntime,
  ...['--no-anchored', '--exclude=.wh.*'],
  ...['--warning=no-timestamp', '--warning=no-unknown-keyword'],
]

/**
 * Packs a layer of an image: members by a list, whiteouts before them, as the specification asks. The bytes depend on the
 * tree alone: no times but one, no names of users, no process id in the names of headers.
 * @param inside where the toolchain sees `own`, the layer, and `work` with `marks`, `marks.list` and `members.list`
 */
export function createLayerArguments({
  epoch,
  inside,
}: {
  epoch: number
  inside: string
}): [string, ...string[]] {
  return [
    'tar',
    ...[
      '--create',
      `--file=${inside}/work/layer.tar`,
      '--format=posix',
      `--mtime=@${epoch}`,
      '--numeric-owner',
    ],
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
    ...attributes,
    ...['--no-recursion', '--null', '--verbatim-files-from'],
    ...[`--directory=${inside}/work/marks`, `--files-from=${inside}/work/marks.list`],
    ...[`--directory=${inside}/own`, `--files-from=${inside}/work/members.list`],
  ]
}

export interface ArchiveMembers {
  readonly folder: string
  /** Files, in the order in which they are packed. */
  readonly names: readonly string[]
}

/** Packs files of several folders: equal files give equal bytes, whoever packs them. */
export function createArchiveArguments({
  target,
  epoch,
  members,
}: {
  readonly target: string
  readonly epoch: number
  readonly members: readonly ArchiveMembers[]
}): [string, ...string[]] {
  return [
    ...(['tar', '--create', `--file=${target}`, '--format=posix', `--mtime=@${epoch}`] as const),
    ...['--owner=0', '--group=0', '--numeric-owner', '--mode=0644', '--no-recursion'],
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
    ...members.flatMap(({ folder, names }) => [`--directory=${folder}`, ...names]),
  ]
}

export function explainTar(output: string, what: string): KilnError {
  const device = output.match(/tar: (.*): Cannot mknod: Operation not permitted/)?.[1]
  if (device !== undefined) {
    return new KilnError('E-PERMISSION', `${what} has a device that only root can make: ${device}`, {
      hint: 'build as root, or take the device out of the base',
      output,
    })
  }
  return new KilnError('E-BASE-UNKNOWN', `${what} cannot be unpacked`, { output })
}
