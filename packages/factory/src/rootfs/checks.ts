import { serviceManagerOf } from './service-manager.ts'
import { findNode, namesIn, resolvePath, type Tree } from './tree.ts'
import type { Check, CheckedRoot } from './validate.ts'

/** The rules of a fit image. Each one says what would go wrong on a node otherwise. */
export const checks: readonly Check[] = [
  { name: 'kernel', problems: kernelProblems },
  { name: 'init', problems: ({ tree }) => executable(tree, '/sbin/init') },
  { name: 'agent', problems: ({ tree }) => executable(tree, '/usr/bin/kiln-agent') },
  { name: 'layout', problems: layoutProblems },
  { name: 'identity', problems: identityProblems },
  { name: 'users', problems: userProblems },
  { name: 'secrets', problems: secretProblems },
  { name: 'leftovers', problems: leftoverProblems },
  { name: 'release', problems: releaseProblems },
  { name: 'services', problems: serviceProblems },
  { name: 'permissions', problems: permissionProblems },
]

/** Where a distribution may put the kernel of a version. The first that is there counts. */
export function kernelCandidates(version: string): string[] {
  return [
    `/boot/vmlinuz-${version}`,
    `/usr/lib/modules/${version}/vmlinuz`,
    `/boot/Image-${version}`,
    `/boot/vmlinux-${version}`,
  ]
}

function kernelProblems({ tree, kernelVersion = '' }: CheckedRoot): string[] {
  const modules = `/usr/lib/modules/${kernelVersion}`
  const image = kernelCandidates(kernelVersion).some((path) => findNode(tree, path)?.kind === 'f')
  return [
    ...(image ? [] : [`modules of ${kernelVersion} are there, but no kernel of that version`]),
    ...(findNode(tree, `${modules}/modules.dep`)
      ? []
      : [`${modules}/modules.dep is missing; depmod did not run`]),
  ]
}

function executable(tree: Tree, path: string): string[] {
  const node = findNode(tree, path)
  if (!node) return [`${path} is missing or a broken link`]
  return node.kind === 'f' && (node.mode & 0o111) !== 0 ? [] : [`${path} cannot be executed`]
}

function layoutProblems({ tree, layout }: CheckedRoot): string[] {
  return [...layout.ephemeral, ...layout.persistent, layout.store, '/oem', '/system/oem'].flatMap((path) => {
    const node = tree.get(path)
    if (!node) return [`${path} is missing; the root is read-only, so nothing can make it later`]
    return node.kind === 'd' ? [] : [`${path} is not a folder`]
  })
}

function identityProblems({ tree, machineId }: CheckedRoot): string[] {
  const keys = namesIn(tree, '/etc/ssh').filter((name) => /^ssh_host_.*_key$/.test(name))
  return [
    ...(tree.has('/etc/machine-id') ? [] : ['/etc/machine-id must be there, and empty']),
    ...(machineId.trim() === '' ? [] : ['/etc/machine-id is set; every node would have the same']),
    ...keys.map((name) => `/etc/ssh/${name} is there; every node would have the same host key`),
    ...(tree.has('/var/lib/systemd/random-seed') ? ['/var/lib/systemd/random-seed is there'] : []),
  ]
}

const firstHumanUser = 1000
const nobody = 65534

function userProblems({ passwd, shadow }: CheckedRoot): string[] {
  const humans = passwd.split('\n').flatMap((line) => {
    const [name, , uid] = line.split(':')
    return name && Number(uid) >= firstHumanUser && Number(uid) !== nobody ? [name] : []
  })
  const passwords = shadow.split('\n').flatMap((line) => {
    const [name, hash] = line.split(':')
    if (!name || hash === undefined || /^[!*]/.test(hash)) return []
    return [hash === '' ? `${name} can log in without a password` : `${name} has a password`]
  })
  return [
    ...humans.map((name) => `user ${name} is in the image; users belong into the cloud-config`),
    ...passwords,
  ]
}

const secretFiles = [
  /^\/root\/\.ssh\/(id_[^.]+|authorized_keys)$/,
  /\/\.netrc$/,
  /\/\.docker\/config\.json$/,
  /\/\.aws\/credentials$/,
]

function secretProblems({ tree }: CheckedRoot): string[] {
  const privateKeys = namesIn(tree, '/etc/ssl/private').map((name) => `/etc/ssl/private/${name}`)
  const others = [...tree.keys()].filter((path) => secretFiles.some((pattern) => pattern.test(path)))
  return [...privateKeys, ...others].map(
    (path) => `${path} looks like a secret; it would be in every copy of the image`,
  )
}

function leftoverProblems({ tree }: CheckedRoot): string[] {
  const unwanted = [
    '/usr/sbin/policy-rc.d',
    '/.dockerenv',
    '/etc/apt/apt.conf.d/99mmdebstrap',
    '/etc/.pwd.lock',
  ]
  const lists = namesIn(tree, '/var/lib/apt/lists').length > 0 ? ['/var/lib/apt/lists'] : []
  const initramfs = namesIn(tree, '/boot').filter((name) => /^init(rd|ramfs)/.test(name))
  return [
    ...unwanted.filter((path) => tree.has(path)),
    ...lists,
    ...initramfs.map((name) => `/boot/${name}`),
  ].map((path) => `${path} is left over from the build`)
}

function releaseProblems({ release, identity }: CheckedRoot): string[] {
  const expected: Record<string, string> = {
    KAIROS_FLAVOR: identity.flavor,
    KAIROS_FLAVOR_RELEASE: identity.flavorRelease,
    KAIROS_VARIANT: identity.variant,
    KAIROS_ARCH: identity.arch,
    KAIROS_MODEL: identity.device,
    KAIROS_VERSION: identity.version,
  }
  return Object.entries(expected).flatMap(([key, value]) =>
    release.includes(`${key}="${value}"\n`) ? [] : [`/etc/kairos-release does not say ${key}="${value}"`],
  )
}

function serviceProblems(root: CheckedRoot): string[] {
  const isOpenrc = serviceManagerOf((path) => findNode(root.tree, path) !== undefined) === 'openrc'
  return isOpenrc ? openrcProblems(root) : systemdProblems(root)
}

/** Of Kiln's own services, those that run the stages have scripts for OpenRC. */
function openrcProblems({ tree, services }: CheckedRoot): string[] {
  const wanted = services
    .filter((unit) => !unit.startsWith('kiln-') || unit.startsWith('kiln-stage-'))
    .map((unit) => unit.replace(/\.(service|timer)$/, ''))
  const enabled = new Set(
    [...tree.keys()].flatMap((path) => path.match(/^\/etc\/runlevels\/[^/]+\/([^/]+)$/)?.[1] ?? []),
  )
  return wanted.flatMap((name) => {
    if (!resolvePath(tree, `/etc/init.d/${name}`)) return [`${name} does not exist`]
    return enabled.has(name) ? [] : [`${name} is not enabled`]
  })
}

function systemdProblems({ tree, services }: CheckedRoot): string[] {
  const links = [...tree.keys()].filter((path) =>
    /^\/etc\/systemd\/system\/[^/]+\.(wants|requires)\//.test(path),
  )
  const enabled = new Set(links.map((path) => path.slice(path.lastIndexOf('/') + 1)))
  return services.flatMap((unit) => {
    if (!resolvePath(tree, `/usr/lib/systemd/system/${unit}`)) return [`${unit} does not exist`]
    return enabled.has(unit) ? [] : [`${unit} is not enabled`]
  })
}

function permissionProblems({ tree }: CheckedRoot): string[] {
  const writable = [...tree].filter(([, node]) => node.kind === 'f' && (node.mode & 0o002) !== 0)
  return writable.map(([path]) => `${path} can be written by everybody`)
}
