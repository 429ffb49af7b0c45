import type { Operation } from '../operations/operation.ts'

export type Argv = readonly [string, ...string[]]

/** How a package manager is told what to do, without asking back. */
export interface PackageManager {
  readonly name: 'apt' | 'dnf' | 'zypper' | 'apk' | 'pacman'
  readonly refresh: Argv
  readonly upgrade: Argv
  readonly install: Argv
  readonly remove: Argv
}

const managers: Readonly<Record<PackageManager['name'], PackageManager>> = {
  apt: {
    name: 'apt',
    refresh: ['apt-get', '-y', 'update'],
    upgrade: ['apt-get', '-y', 'upgrade'],
    install: ['apt-get', '-y', '--no-install-recommends', 'install'],
    remove: ['apt-get', '-y', 'remove'],
  },
  dnf: {
    name: 'dnf',
    refresh: ['dnf', 'makecache'],
    upgrade: ['dnf', 'update', '-y'],
    install: ['dnf', 'install', '-y', '--setopt=install_weak_deps=False'],
    remove: ['dnf', 'remove', '-y'],
  },
  zypper: {
    name: 'zypper',
    refresh: ['zypper', 'refresh'],
    upgrade: ['zypper', 'update', '-y'],
    install: ['zypper', 'install', '-y', '--no-recommends'],
    remove: ['zypper', 'remove', '-y'],
  },
  apk: {
    name: 'apk',
    refresh: ['apk', 'update'],
    upgrade: ['apk', 'upgrade', '--no-cache'],
    install: ['apk', 'add', '--no-cache'],
    remove: ['apk', 'del', '--no-cache'],
  },
  pacman: {
    name: 'pacman',
    refresh: ['pacman', '-Sy', '--noconfirm'],
    upgrade: ['pacman', '-Syu', '--noconfirm'],
    install: ['pacman', '-S', '--noconfirm'],
    remove: ['pacman', '-R', '--noconfirm'],
  },
}

/** ID and ID_LIKE of os-release. */
const byId: Readonly<Record<string, PackageManager['name']>> = {
  ...{ debian: 'apt', ubuntu: 'apt' },
  ...{
    fedora: 'dnf',
    rhel: 'dnf',
    centos: 'dnf',
    rocky: 'dnf',
    almalinux: 'dnf',
    ol: 'dnf',
    openEuler: 'dnf',
  },
  ...{
    suse: 'zypper',
    opensuse: 'zypper',
    'opensuse-leap': 'zypper',
    'opensuse-tumbleweed': 'zypper',
    'sle-micro': 'zypper',
  },
  ...{ alpine: 'apk', arch: 'pacman' },
}

/** @param ids the distribution's own, then those that it is like */
export function managerOf(ids: readonly string[]): PackageManager | undefined {
  const id = ids.find((each) => Object.hasOwn(byId, each))
  const name = id === undefined ? undefined : byId[id]
  return name === undefined ? undefined : managers[name]
}

export function unknownManager(ids: readonly string[]): Operation {
  const system = ids.length === 0 ? 'a system without os-release' : ids.join(', ')
  return { kind: 'impossible', message: `unknown package manager: nothing is known of ${system}` }
}
