import { exitCodes } from '@kiln/contract'
import { nodeConfig } from '../cloud-config/gather.ts'
import type { Command } from '../command.ts'
import type { Host } from '../host/host.ts'
import { abortUpgrade } from './abort.ts'
import { printUpgrades } from './list.ts'
import { type flags, known, type UpgradeArguments, upgradeOptions, type values } from './options.ts'
import { upgrade } from './run.ts'
import { showStatus } from './status.ts'

export const upgradeCommand: Command<(typeof flags)[number], (typeof values)[number]> = {
  usage: `kiln-agent upgrade: brings a new system onto this node

  kiln-agent upgrade [REF] [options]   fetches, checks and arms it; it runs from the next start on
  kiln-agent upgrade status            where the last upgrade is
  kiln-agent upgrade abort             takes back what was begun, or armed and not started yet
  kiln-agent upgrade list              newer versions of this image in its registry, the newest first

  REF                           oci:<registry>/<name>:<tag>, ocifile:, dir:, file: or https:; default: upgrade.system.source
  --source REF                  the same
  --recovery                    replace the recovery system; without REF, by the system that runs
  --dry-run                     say what would be done, and do nothing
  --reboot                      restart when it is armed
  --json                        print the plan, the result, the status or the list as JSON
  --progress json               progress as JSON lines
  --allow-insecure-registries   also without encryption
  --pre                         with list: versions that are no releases, too
  --all                         with list: older ones, too
  --registry NAME               with list: where to look, <registry>/<organisation> or <registry>/<name>
`,
  ...known,
  run: (host, args) => runUpgrade(host, args),
}

function runUpgrade(host: Host, args: UpgradeArguments): number {
  const { flags, values, words } = args
  switch (words[0]) {
    case 'status':
      return showStatus(host, flags.has('--json'))
    case 'abort':
      return abortUpgrade(host)
    case 'list':
    // The field's name.
    case 'list-releases':
      return printUpgrades(host, args)
    default:
      if (words.length > 1) {
        host.printError(`kiln-agent: "${words[1]}" is too much\n\n${upgradeCommand.usage}`)
        return exitCodes.usage
      }
      return upgrade(host, upgradeOptions({ flags, values, words }, nodeConfig(host).config.upgrade))
  }
}
