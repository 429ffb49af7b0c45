import { beginOperation, exitCodes, finishOperation, type NodeRecord } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import { nodeConfig } from '../cloud-config/gather.ts'
import type { Command } from '../command.ts'
import { printOnConsoles } from '../consoles.ts'
import type { Host } from '../host/host.ts'
import { withLifecycleLock } from './lock.ts'
import { changeRecord, loadRecord, type Node, openNode, timestamp } from './node.ts'
import { startRecoveryOnce } from './recovery.ts'
import { type ResetDetail, runResetJob } from './reset-job.ts'
import { resetPhases } from './reset-phases.ts'
import { powerOff, restart } from './restart.ts'
import { verifySlot } from './slots.ts'

type Flag = '--reset-oem' | '--secure-erase' | '--yes' | '--unattended' | '--reboot' | '--abort' | '--resume'

export const resetCommand: Command<Flag> = {
  usage: `kiln-agent reset: back to the state after the installation

  kiln-agent reset --yes [--reset-oem] [--secure-erase] [--reboot]
  kiln-agent reset --abort

  --yes, --unattended  consent: COS_PERSISTENT is erased
  --reset-oem          erase the configuration in /oem, too
  --secure-erase       erase so that nothing can be read back
  --reboot             restart now; the reset is done in recovery
  --abort              take back a reset that has not begun

The block reset of the cloud-configs counts, too: reset-persistent, reset-oem, reboot, poweroff.
The recovery system's image becomes a new generation. A reset that the power cuts off goes on by itself.
`,
  flags: ['--reset-oem', '--secure-erase', '--yes', '--unattended', '--reboot', '--abort', '--resume'],
  words: 0,
  run: (host, { flags }) => {
    if (flags.has('--resume')) return resume(host)
    if (flags.has('--abort')) return abort(host)
    const said = nodeConfig(host).config.reset ?? {}
    const detail: ResetDetail = {
      oem: flags.has('--reset-oem') || said['reset-oem'] === true,
      secureErase: flags.has('--secure-erase'),
      reboot: flags.has('--reboot') || said.reboot === true,
      attempts: 0,
      ...(said['reset-persistent'] === false ? { keepPersistent: true } : {}),
      ...(said.poweroff === true ? { poweroff: true } : {}),
    }
    return reset(host, detail, flags.has('--yes') || flags.has('--unattended'))
  },
}

function reset(host: Host, detail: ResetDetail, agreed: boolean): number {
  return withLifecycleLock(host, 'reset', () => {
    const node = openNode(host)
    const { recovery } = loadRecord(node)
    if (!recovery) throw new AgentError('no-recovery', 'A reset starts from its image.')
    // Before anything is erased: what is to run afterwards is whole.
    verifySlot(host, node.disk.state, recovery.slot)
    if (!agreed) {
      host.printError(consentText(detail, `${recovery.image.name} ${recovery.image.version}`))
      return exitCodes.usage
    }
    changeRecord(node, (record) => plan(record, recovery.slot, detail, timestamp(host)))
    if (node.running.mode === 'recovery') {
      const { poweroff, reboot } = doNow(node)
      if (poweroff) powerOff(host)
      else if (reboot) restart(host)
      return 0
    }
    startRecoveryOnce(node)
    host.print('The reset is done by the recovery system, with the next start.\n')
    if (detail.reboot) restart(host)
    return 0
  })
}

function plan(record: NodeRecord, slot: string, detail: ResetDetail, at: string): NodeRecord {
  const [phase] = resetPhases
  return beginOperation(record, { id: `reset-${at}`, kind: 'reset', phase, started: at, slot, detail })
}

/** Run by kiln-reset.service in recovery. */
function resume(host: Host): number {
  return withLifecycleLock(host, 'reset', () => {
    const node = openNode(host)
    if (loadRecord(node).operation?.kind !== 'reset') return 0
    if (node.running.mode !== 'recovery') {
      throw new AgentError(
        'not-allowed',
        'A reset is done in recovery, where nothing of the store is in use.',
      )
    }
    if (doNow(node).poweroff) powerOff(host)
    else restart(host)
    return 0
  })
}

function doNow(node: Node): ResetDetail {
  return runResetJob(node, (text) => printOnConsoles(node.host, `kiln: reset: ${text}\n`))
}

function abort(host: Host): number {
  return withLifecycleLock(host, 'reset', () => {
    const node = openNode(host)
    const { operation } = loadRecord(node)
    if (operation?.kind !== 'reset') throw new AgentError('not-allowed', 'No reset was asked for.')
    if (operation.phase !== resetPhases[0]) {
      throw new AgentError('not-allowed', 'The reset has begun; it has to be gone through with.')
    }
    changeRecord(node, finishOperation)
    host.print('The reset is taken back. The next start still takes the recovery system, once.\n')
    return 0
  })
}

function consentText({ oem, secureErase, keepPersistent }: ResetDetail, image: string): string {
  const erased = [keepPersistent ? [] : 'COS_PERSISTENT', oem ? 'the configuration in /oem' : []].flat()
  const how = secureErase ? ' so that nothing can be read back' : ''
  const what = erased.length === 0 ? '' : `erases ${erased.join(' and ')}${how}, and `
  return `This ${what}starts ${image} anew.\nTo agree: kiln-agent reset --yes\n`
}
