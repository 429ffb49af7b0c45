import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Executors, StepContext } from '../run/engine.ts'
import { runInSandbox, type Sandbox } from '../sandbox/sandbox.ts'
import { copyTree } from '../tools/cp.ts'
import { explainApt } from '../tools/mmdebstrap.ts'
import { layerFolder, layerOf } from './layers.ts'
import { parsePackageRecords } from './package-list.ts'

/**
 * Installs packages by the distribution's own manager, in a copy of the base, and notes exactly what is there then.
 */
export const installPackages: Executors['packages'] = async (step, context) => {
  const sandbox = await packageSandbox(context)
  const env = { DEBIAN_FRONTEND: 'noninteractive', SOURCE_DATE_EPOCH: String(step.params.epoch) }
  const run = (argv: [string, ...string[]], onLine = context.line) =>
    runInSandbox(sandbox, argv, { env, onLine, signal: context.signal, explain: explainApt })

  await run(['sh', '-euc', initramfsProvider])
  const wanted = [...step.params.install, ...step.params.remove.map((name) => `${name}-`)]
  await run(['apt-get', ...aptOptions, 'install', ...wanted], reportProgress(context))
  const { stdout } = await run(['sh', '-euc', listInstalled], () => {})
  const packages = parsePackageRecords(stdout)
  await writeFile(
    join(context.out, 'packages.json'),
    `${JSON.stringify({ schema: 'kiln.packages/v1', packages }, undefined, 1)}\n`,
  )
  return { facts: { count: packages.length } }
}

/**
 * The layer starts as a copy. dpkg renames folders, which a copy-on-write mount refuses on some kernels and to ordinary
 * users; and a root that is there in whole is the same whoever made it.
 */
async function packageSandbox(context: StepContext<'packages'>): Promise<Sandbox> {
  const root = join(context.out, layerFolder)
  await copyTree(layerOf(context.inputs.base), root, context.signal)
  const cache = join(context.scratch, 'archives')
  await mkdir(join(cache, 'partial'), { recursive: true })
  return {
    root: { folder: root },
    mounts: [
      { kind: 'file-ro', source: '/etc/resolv.conf', target: '/run/resolv.conf' },
      { kind: 'bind', source: cache, target: '/var/cache/apt/archives' },
    ],
    network: true,
    scratch: context.scratch,
  }
}

const aptOptions = [
  '--yes',
  '--quiet',
  '--no-install-recommends',
  ...['-o', 'APT::Sandbox::User=root'],
  ...['-o', 'Acquire::Retries=3'],
  ...['-o', 'Dpkg::Options::=--force-unsafe-io'],
  ...['-o', 'Dpkg::Use-Pty=0'],
]

/**
 * Kernel packages of Debian want some maker of initramfs. Kiln makes its own, so an empty package stands in for it:
 * that saves the packages of another one and its run.
 */
const initramfsProvider = `
ln -sf /run/resolv.conf /etc/resolv.conf
mkdir -p /tmp/provider/DEBIAN
cat > /tmp/provider/DEBIAN/control <<'END'
Package: kiln-initramfs
Version: 1
Architecture: all
Maintainer: Kiln <kiln@localhost>
Provides: linux-initramfs-tool
Description: stands in for a maker of initramfs; Kiln makes its own
END
dpkg-deb --root-owner-group --build /tmp/provider /tmp/kiln-initramfs.deb
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
dpkg --install /tmp/kiln-initramfs.deb
`

/** Archive facts of each installed version, which carry the hash of the package file. */
const listInstalled = `
rm -f /usr/sbin/policy-rc.d
dpkg-query --show --showformat='\${db:Status-Status} \${Package}:\${Architecture}=\${Version}\\n' |
  sed -n 's/^installed //p' > /tmp/installed
sed 's/:all=/=/' /tmp/installed | xargs apt-cache --quiet=2 show --no-all-versions 2> /dev/null || true
`

/** apt says how many packages are new, then a line for each that it loads, unpacks and sets up. */
function reportProgress(context: StepContext<'packages'>): (line: string) => void {
  let total: number | undefined
  let done = 0
  return (line) => {
    context.line(line)
    const announced = line.match(/(\d+) newly installed/)?.[1]
    if (announced) total = phases * Number(announced)
    if (/^(Get:\d+|Unpacking|Setting up) /.test(line)) context.progress(++done, total, 'items')
  }
}

const phases = 3
