import { AgentError } from '../agent-error.ts'
import type { Command } from '../command.ts'
import type { Host } from '../host/host.ts'
import type { BootLoader } from './boot-loader.ts'
import { withLifecycleLock } from './lock.ts'
import { changeRecord, loadRecord, type Node, openNode } from './node.ts'
import { withLoader } from './open-loader.ts'
import { readSlotPayload, slotFolder } from './slots.ts'

export const bootLoaderCommand: Command = {
  usage: `kiln-agent boot-loader: shows the boot loader, or renews it

  kiln-agent boot-loader [update]

  update    take the one of the running system; the old one is kept beside it

An upgrade renews it by itself.
`,
  flags: [],
  words: 1,
  run: (host, { words }) => {
    if (words[0] === undefined) return show(host)
    if (words[0] !== 'update') throw new AgentError('not-allowed', `"${words[0]}" is not update.`)
    return withLifecycleLock(host, 'boot-loader', () => {
      const node = openNode(host)
      withLoader(host, node.disk, 'write', (loader) => updateLoader(node, loader))
      return show(host)
    })
  },
}

function show(host: Host): number {
  const { bootLoader } = loadRecord(openNode(host))
  host.print(bootLoader ? `${bootLoader.version}\n` : 'as it was installed\n')
  return 0
}

/**
 * Puts the boot loader of the running slot on the disk, unless it is there. The caller holds the lifecycle lock.
 * @throws AgentError not-installed, boot-loader
 */
function updateLoader(node: Node, loader: BootLoader): void {
  const { host, disk, running } = node
  const { slot } = running
  if (slot === undefined) throw new AgentError('not-installed', 'It is not known which slot runs.')
  const { bootLoader: card } = readSlotPayload(host, disk.state, slot)
  loader.update({ folder: slotFolder(disk.state, slot), card })
  changeRecord(node, (record) => ({ ...record, bootLoader: { version: card.version } }))
}
