import type { StageCase } from './stage-case.ts'

function os(text: string): Record<string, string> {
  return { '/etc/os-release': text }
}

const packages =
  'stages: {boot: [{packages: {install: [foo, bar], remove: [baz, qux], refresh: true, upgrade: true}}]}'

function packageCase(id: string, what: string, release: string, ran: readonly string[]): StageCase {
  return { id, what, files: os(release), configs: { '1.yaml': packages }, expect: { ran } }
}

const dnf = [
  'dnf makecache',
  'dnf update -y',
  'dnf install -y --setopt=install_weak_deps=False foo bar',
  'dnf remove -y baz qux',
]
const zypper = [
  'zypper refresh',
  'zypper update -y',
  'zypper install -y --no-recommends foo bar',
  'zypper remove -y baz qux',
]
const apt = [
  'apt-get -y update',
  'apt-get -y upgrade',
  'apt-get -y --no-install-recommends install foo bar',
  'apt-get -y remove baz qux',
]

/** Programs of each distribution: the field's table. */
export const packageCases: readonly StageCase[] = [
  packageCase('Y15', 'packages of Debian', 'ID=debian\n', apt),
  packageCase('Y15', 'packages of Ubuntu', 'ID=ubuntu\nID_LIKE=debian\n', apt),
  packageCase('Y15', 'packages of Fedora', 'ID=fedora\n', dnf),
  packageCase('Y15', 'packages of CentOS', 'ID="centos"\nID_LIKE="rhel fedora"\n', dnf),
  packageCase('Y15', 'packages of Oracle', 'ID="ol"\n', dnf),
  packageCase('Y15', 'packages of openEuler', 'ID="openEuler"\n', dnf),
  packageCase('Y15', 'packages of Alpine', 'ID=alpine\n', [
    'apk update',
    'apk upgrade --no-cache',
    'apk add --no-cache foo bar',
    'apk del --no-cache baz qux',
  ]),
  packageCase('Y15', 'packages of openSUSE', 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', zypper),
  packageCase('Y15', 'packages of what is like SUSE', 'ID="sl-micro"\nID_LIKE="suse"\n', zypper),
  packageCase('Y15', 'packages of Arch', 'ID=arch\n', [
    'pacman -Sy --noconfirm',
    'pacman -Syu --noconfirm',
    'pacman -S --noconfirm foo bar',
    'pacman -R --noconfirm baz qux',
  ]),
  {
    id: 'Y15',
    what: 'packages of nobody',
    configs: { '1.yaml': packages },
    expect: { ran: [], code: 1, says: ['unknown package manager'] },
  },
  {
    id: 'own',
    what: 'pins of Debian',
    files: os('ID=debian\n'),
    configs: { '1.yaml': 'stages: {boot: [{package_pins: {b: 1.2, a: "3:4-5"}}]}' },
    expect: {
      files: {
        '/etc/apt/preferences.d/99-yip-pins':
          'Package: a\nPin: version 3:4-5\nPin-Priority: 1001\n\nPackage: b\nPin: version 1.2\nPin-Priority: 1001\n',
      },
    },
  },
  {
    id: 'own',
    what: 'pins of Fedora',
    files: os('ID=fedora\n'),
    configs: { '1.yaml': 'stages: {boot: [{package_pins: {a: "1"}}]}' },
    expect: { ran: ['dnf versionlock add a-1'] },
  },
  {
    id: 'own',
    what: 'pins of Arch are told to have no effect',
    files: os('ID=arch\n'),
    configs: { '1.yaml': 'stages: {boot: [{package_pins: {a: "1"}}]}' },
    expect: { ran: [], says: ['pacman cannot pin a'] },
  },
]
