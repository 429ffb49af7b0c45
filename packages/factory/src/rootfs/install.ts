import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { LockedPackage } from '../lock/lock.ts'
import type { Emulation } from '../sandbox/emulation.ts'
import { runInSandbox, type Sandbox } from '../sandbox/sandbox.ts'
import { explainApt } from '../tools/apt-complaints.ts'
import { standIn } from '../tools/apt-solver.ts'
import { copyTree } from '../tools/cp.ts'
import { excludedPaths } from '../tools/mmdebstrap.ts'
import { layerOf } from './layers.ts'

export interface InstallOptions {
  readonly base: { readonly folder: string }
  readonly repository: { readonly folder: string }
  /** Where the root goes: the base with the packages in it. */
  readonly target: string
  readonly packages: readonly LockedPackage[]
  /** Put the stand-in for a maker of initramfs in, which kernels of Debian want. */
  readonly initramfsStandIn: boolean
  /** Text of the image's own sources.list. */
  readonly sources: string
  readonly epoch: number
  /** Where the root is of another architecture than this machine. */
  readonly emulation: Emulation | undefined
  readonly scratch: string
  readonly signal: AbortSignal
  readonly line: (text: string) => void
  readonly progress: (done: number, total: number | undefined, unit: 'items') => void
}

/**
 * Installs exactly the packages of a set by apt, in a copy of the base. A copy, since dpkg renames folders, which a
 * copy-on-write mount refuses on some kernels and to ordinary users; and a root that is there in whole is the same whoever
 * made it. No network: the repository is all that apt sees.
 * @returns what is installed then, a line each: `<name> <version> <architecture>`
 */
export async function installInCopy(options: InstallOptions): Promise<string> {
  await copyTree(layerOf(options.base), options.target, options.signal)
  await mkdir(join(options.scratch, 'archives/partial'), { recursive: true })
  const sandbox: Sandbox = {
    root: { folder: options.target },
    mounts: [
      { kind: 'bind-ro', source: join(options.repository.folder, 'repository'), target: '/run/repository' },
      { kind: 'bind', source: join(options.scratch, 'archives'), target: '/var/cache/apt/archives' },
    ],
    emulation: options.emulation,
    scratch: options.scratch,
  }
  const env = {
    DEBIAN_FRONTEND: 'noninteractive',
    SOURCE_DATE_EPOCH: String(options.epoch),
    STAND_IN: options.initramfsStandIn ? standIn.replace(/^Status: .*\n/m, '') : '',
    SOURCES: options.sources,
  }
  const run = (argv: [string, ...string[]], onLine: (line: string) => void) =>
    runInSandbox(sandbox, argv, { env, onLine, signal: options.signal, explain: explainApt })

  const wanted = options.packages.map(({ name, version }) => `${name}=${version}`)
  await run(['sh', '-euc', install, 'sh', ...aptOptions, ...wanted], reportProgress(options))
  return (await run(['sh', '-euc', finish], () => {})).stdout
}

const aptOptions = [
  '--yes',
  '--quiet',
  '--no-install-recommends',
  '--allow-downgrades',
  ...['-o', 'Dir::Etc::sourcelist=/run/sources.list', '-o', 'Dir::Etc::sourceparts=/run/none'],
  ...['-o', 'Dir::State::Lists=/run/lists'],
  ...['-o', 'APT::Sandbox::User=root'],
  ...['-o', 'Dpkg::Options::=--force-unsafe-io'],
  ...['-o', 'Dpkg::Use-Pty=0'],
  ...excludedPaths.flatMap((path) => ['-o', `Dpkg::Options::=--${path}`]),
]

/** apt sees one repository only, and services must not start. */
const install = `
echo 'deb [trusted=yes] file:/run/repository ./' > /run/sources.list
mkdir -p /run/none /run/lists/partial
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
if [ -n "$STAND_IN" ]; then
  mkdir -p /tmp/stand-in/DEBIAN
  printf '%s' "$STAND_IN" > /tmp/stand-in/DEBIAN/control
  dpkg-deb --root-owner-group --build /tmp/stand-in /tmp/kiln-initramfs.deb
  dpkg --install /tmp/kiln-initramfs.deb
fi
apt-get ${aptOptions.join(' ')} update
apt-get install "$@"
`

const finish = `
rm -f /usr/sbin/policy-rc.d
printf '%s' "$SOURCES" > /etc/apt/sources.list
dpkg-query --show --showformat='\${db:Status-Status} \${Package} \${Version} \${Architecture}\\n' | sed -n 's/^installed //p'
`

/** apt says how many packages are new, then a line for each that it unpacks and sets up. */
function reportProgress({ line, progress }: InstallOptions): (text: string) => void {
  let total: number | undefined
  let done = 0
  return (text) => {
    line(text)
    const announced = text.match(/(\d+) newly installed/)?.[1]
    if (announced) total = phases * Number(announced)
    if (/^(Unpacking|Setting up) /.test(text)) progress(++done, total, 'items')
  }
}

const phases = 2
