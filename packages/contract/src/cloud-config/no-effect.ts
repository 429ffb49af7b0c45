import { pathName } from '../issues.ts'
import { sourceOf, type Tree } from './tree.ts'
import type { Warning } from './warnings.ts'

const kubernetes = 'images of Kiln have no Kubernetes yet'
const plugins = 'providers of the field are not run yet'
const encryption = 'partitions are not encrypted yet'
const signatures = 'images are checked by their digests; signatures are not checked yet'
const ofTheBuild = 'it is decided when an image is built'
const imageIsFixed = 'a system is never changed, or it would not match its root hash'
const ofTheGroup = 'put the user into the group admin or sudo'

/**
 * What the schema knows because files of the field have it, and Kiln does not act on, or not yet, and why. `*` is any item.
 * What stands below install and upgrade is told where it is read.
 */
export const noEffectReasons: Readonly<Record<string, string>> = {
  k3s: kubernetes,
  'k3s-agent': kubernetes,
  k0s: kubernetes,
  'k0s-worker': kubernetes,
  kubevip: kubernetes,
  cluster: kubernetes,
  p2p: plugins,
  options: plugins,
  providers: plugins,
  phonehome: 'there is no server yet that nodes report to',
  kcrypt: encryption,
  'bind-pcrs': encryption,
  'bind-public-pcrs': encryption,
  cosign: signatures,
  'cosign-key': signatures,
  verify: signatures,
  arch: 'it is that of the machine',
  'squash-compression': ofTheBuild,
  'squash-no-compression': ofTheBuild,
  'uki-max-entries': 'say kiln.keep for the number of generations',
  'cloud-init-paths': 'put the files into /oem or /usr/local/cloud-config',
  debug: 'kiln-agent stages and kiln-agent logs tell what happened',
  'eject-cd': 'take the medium out, or let the firmware start the disk first',
  'reset.extra-dirs-rootfs': ofTheBuild,
  'reset.grub-entry-name': 'entries are named by image and version',
  'reset.system': 'a reset takes the image of the recovery system',
  'reset.tty': 'it tells on all consoles',
  'stages.after-install-chroot': imageIsFixed,
  'stages.after-reset-chroot': imageIsFixed,
  'stages.after-upgrade-chroot': imageIsFixed,
  'users.*.no_log_init': 'there is no such log',
  'users.*.no_user_group': 'name another group with primary_group',
  'users.*.sudo': ofTheGroup,
  'users.*.system': 'name a number below 1000 with uid',
}
export const noEffect: readonly string[] = Object.keys(noEffectReasons)

const patterns = Object.entries(noEffectReasons).map(([path, reason]) => ({ path: partsOf(path), reason }))

/** Some names of stages have a dot of their own. */
function partsOf(path: string): string[] {
  return path.split(/\.(?!(?:before|after|pre)$)/)
}

export function noEffectWarnings(tree: Tree): Warning[] {
  const source = sourceOf(tree)
  return patterns.flatMap(({ path: pattern, reason }) =>
    matches(tree, pattern, []).map(
      (path): Warning => ({
        code: 'W-NO-EFFECT',
        message: `${pathName(path)} has no effect here yet`,
        place: source.placeOfKey(path.slice(0, -1), String(path.at(-1))),
        hint: reason,
      }),
    ),
  )
}

function matches(
  tree: Tree,
  [part, ...rest]: readonly string[],
  path: readonly (string | number)[],
): (string | number)[][] {
  if (part === undefined) {
    return tree.kind === 'scalar' && tree.value === null ? [] : [[...path]]
  }
  if (part === '*') {
    return tree.kind === 'list'
      ? tree.items.flatMap((item, index) => matches(item, rest, [...path, index]))
      : []
  }
  const next = tree.kind === 'map' ? tree.entries.get(part) : undefined
  return next ? matches(next, rest, [...path, part]) : []
}
