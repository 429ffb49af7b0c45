import { parameter, splitCommandLine } from '@kiln/contract'
import { loadingSentinel } from '../cloud-config/datasources/at-stage.ts'
import { gatherSources } from '../cloud-config/gather.ts'
import { leadElsewhere } from '../cloud-config/remote-sources.ts'
import { onAllConsoles } from '../consoles.ts'
import type { Host } from '../host/host.ts'
import { exists, readIfThere } from '../host/tree.ts'
import { readInstallConfigs } from './configs.ts'
import { failureOf } from './failure.ts'
import type { InstallOptions } from './options.ts'
import { runInstall } from './run.ts'
import { installSettings } from './settings.ts'

/** Words of the kernel's command line, by their names in the field, old and new. */
const words = {
  automatic: ['install-mode', 'nodepair.enable'],
  interactive: ['install-mode-interactive', 'interactive-install'],
} as const
/** `kiln.install=off`: a live system on a machine that the medium would install by itself. */
const switchWord = 'kiln.install'

/**
 * What a live medium does by itself: installs where a cloud-config has install.auto, or starts the interactive installer on
 * every console where the command line asks for it. @returns the exit code
 */
export function installAtBoot(base: Host, options: InstallOptions): number {
  const host = onAllConsoles(base)
  const line = splitCommandLine(base.readText('/proc/cmdline'))
  const has = (wanted: readonly string[]) => wanted.some((word) => parameter(line, word) !== undefined)
  if (parameter(line, switchWord) === 'off') return 0
  if (has(words.interactive)) return startInteractive(base)
  awaitUserdata(base)
  if (leadElsewhere(gatherSources(base).sources)) awaitNetwork(base)
  let settings: ReturnType<typeof installSettings>['settings']
  try {
    settings = installSettings(readInstallConfigs(base, options.config).merged).settings
  } catch (error) {
    const { message, exit } = failureOf(error)
    host.printError(`\nkiln: nothing is installed by itself: ${message}\n`)
    return exit
  }
  if (!settings.auto) {
    if (has(words.automatic)) host.print(`\n${hint}\n`)
    return 0
  }
  const hasRemoteBundles = settings.bundles.some(({ isFile }) => !isFile)
  if (hasRemoteBundles || isRemote(options.source ?? settings.source)) awaitNetwork(base)
  const code = runInstall(base, options)
  if (code === 0 && settings.end === 'stay') host.print('kiln: take the medium out and restart\n')
  return code
}

const userdataTimeoutMs = 300_000
const pollMs = 500

/** What the platform gives to this machine may say how to install, and comes with the network. */
function awaitUserdata(host: Host): void {
  for (let waited = 0; waited < userdataTimeoutMs && exists(host, loadingSentinel); waited += pollMs) {
    host.sleep(pollMs)
  }
}

function awaitNetwork(host: Host): void {
  host.run(['systemctl', 'start', 'network-online.target'])
}

const hint =
  'kiln: to be installed by itself, the cloud-config on the medium has to say install.auto: true. Otherwise: kiln-agent install --interactive'

/** From the medium everything is there; a registry or a server needs the network first. */
function isRemote(source: string | undefined): boolean {
  return source !== undefined && !/^(dir|file|ocifile):/.test(source)
}

function startInteractive(host: Host): number {
  const consoles = (readIfThere(host, '/sys/class/tty/console/active') ?? '').split(/\s+/).filter(Boolean)
  // tty0 stands for whichever terminal is shown.
  const terminals = (consoles.length > 0 ? consoles : ['tty1']).map((name) =>
    name === 'tty0' ? 'tty1' : name,
  )
  const units = [...new Set(terminals)].map((name) => `kiln-install-interactive@${name}.service`)
  return host.run(['systemctl', '--no-block', 'start', ...units]).code === 0 ? 0 : 1
}
