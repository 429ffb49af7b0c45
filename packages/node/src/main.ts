import { configCommand, validateCommand } from './cloud-config/config-command.ts'
import { dataSourceCommand } from './cloud-config/datasources/command.ts'
import { factsCommand } from './cloud-config/facts/command.ts'
import { renderTemplateCommand } from './cloud-config/render-command.ts'
import { runStageCommand } from './cloud-config/run-stage-command.ts'
import { stagesCommand } from './cloud-config/stages-command.ts'
import { type Command, runCommand } from './command.ts'
import { growPersistent } from './disk/grow.ts'
import { giveOwnUuids } from './disk/own-uuids.ts'
import { healthCommand } from './health/health.ts'
import type { Host } from './host/host.ts'
import { runInitramfs } from './initramfs/boot.ts'
import { installVerb } from './install/verb.ts'
import { bootLoaderCommand } from './lifecycle/loader-update.ts'
import { runReconcile } from './lifecycle/reconcile-node.ts'
import { bootEntryCommand, recoveryCommand } from './lifecycle/recovery.ts'
import { resetCommand } from './lifecycle/reset.ts'
import { rollbackCommand } from './lifecycle/rollback.ts'
import { logsCommand } from './logs/command.ts'
import { announceReady } from './ready.ts'
import { stateCommand } from './state/command.ts'
import { upgradeCommand } from './upgrade/verb.ts'
import { version } from './version.ts'

const usageCode = 2

const usage = `kiln-agent: the program on a Kiln node

  kiln-agent state [PATH]       what this node runs, and what it could run; --json for programs
  kiln-agent upgrade [REF]      brings a new system onto this node; also: upgrade status, abort, list
  kiln-agent rollback           goes back to an earlier generation
  kiln-agent recovery           starts the recovery system, once
  kiln-agent reset              back to the state after the installation
  kiln-agent bootentry          shows the boot entries, or chooses one for the next start
  kiln-agent boot-loader        shows the boot loader, or renews it
  kiln-agent logs               packs what helps to find a fault, without secrets
  kiln-agent install            puts a system on a disk; see kiln-agent install --help
  kiln-agent config             the configuration of this machine, all sources merged
  kiln-agent validate FILE      checks a cloud-config
  kiln-agent render-template -f FILE   fills in a template
  kiln-agent run-stage STAGE    acts on the cloud-configs, or with --plan says what it would do
  kiln-agent stages [STAGE]     what the stages of this boot did, what failed, and why
  kiln-agent datasource         where this machine's user data came from
  kiln-agent facts              what templates of a cloud-config know of this machine
  kiln-agent health             decides whether a new generation is good; run by kiln-health.service
  kiln-agent reconcile          notes which generation came up; run by kiln-reconcile.service
  kiln-agent ready              waits until the system is up and says so on the console
  kiln-agent grow               grows COS_PERSISTENT to its partition, and gives the file systems of an image UUIDs of their own
  kiln-agent initramfs          mounts the root; run by /init
  kiln-agent version
`

const verbs: Readonly<Record<string, (host: Host, args: readonly string[]) => number>> = {
  grow: growAndOwn,
  initramfs: (host) => runInitramfs(host),
  install: installVerb,
  // Names of the field.
  'manual-install': installVerb,
  'interactive-install': (host, args) => installVerb(host, ['--interactive', ...args]),
  'run-stage': command(runStageCommand),
  stages: command(stagesCommand),
  ready: (host) => announceReady(host),
  'boot-loader': command(bootLoaderCommand),
  bootentry: command(bootEntryCommand),
  config: command(configCommand),
  datasource: command(dataSourceCommand),
  facts: command(factsCommand),
  health: command(healthCommand),
  logs: command(logsCommand),
  reconcile: (host) => runReconcile(host),
  recovery: command(recoveryCommand),
  'render-template': command(renderTemplateCommand),
  reset: command(resetCommand),
  rollback: command(rollbackCommand),
  state: command(stateCommand),
  upgrade: command(upgradeCommand),
  validate: command(validateCommand),
  version: (host) => {
    host.print(`kiln-agent ${version}\n`)
    return 0
  },
  '--version': (host) => verbs.version?.(host, []) ?? 0,
  '--help': (host) => {
    host.print(usage)
    return 0
  },
}

/** @returns the exit code: 0 done, 1 failed, 2 not understood; /init knows one more, see initramfs/boot.ts */
export function main(host: Host): number {
  const [verb, ...args] = host.args
  const action = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (action) return action(host, args)
  host.printError(verb === undefined ? usage : `kiln-agent: unknown command "${verb}"\n\n${usage}`)
  return usageCode
}

function command<F extends string, V extends string>(definition: Command<F, V>) {
  return (host: Host, args: readonly string[]) => runCommand(host, definition, args)
}

/** Both make a disk image the disk of this machine, and one that fails does not hinder the other. */
function growAndOwn(host: Host): number {
  return Math.max(growPersistent(host), giveOwnUuids(host))
}
