import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  bless,
  finishOperation,
  type NodeRecord,
  newestGeneration,
  type Payload,
  startTrial,
} from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { changeRecord, openNode } from '../lifecycle/node.ts'
import { withLoader } from '../lifecycle/open-loader.ts'
import { main } from '../main.ts'
import { recordOf } from './firmware.ts'
import { esp, type Firmware, type InstalledNode, installedNode, state } from './installed-node.ts'
import { sha256 } from './payload-files.ts'

/** A node with an administrator, free space that counts, and payloads to upgrade to. */
export interface UpgradeNode extends InstalledNode {
  /**
   * Makes a payload of a version that is not on the node yet, in `/srv/<name>`.
   * @param change of its card
   * @returns how it is named
   */
  payload(name: string, change?: (card: Payload) => Payload): string
  /** Replaces a file of such a payload, and what its card says of it. */
  replaceFile(name: string, file: 'packages', content: string): void
  /** Runs a command. @returns exit code, and what was printed */
  agent(...args: string[]): { readonly code: number; readonly text: string }
  record(): NodeRecord
  change(change: (record: NodeRecord) => NodeRecord): void
  /** The newest generation is started. */
  bootNewest(): void
  /** It is healthy. */
  blessNewest(): void
  /** Leaves so many bytes free on COS_STATE or the EFI partition. */
  leave(where: 'state' | 'efi', bytes: number): void
  /** Root images that do not match their root hashes, by a part of their paths. */
  readonly broken: string[]
  /** Puts a file there. */
  plant(path: string, content: string): void
}

const plenty = 1024 ** 3

export const admin = `#cloud-config
users:
  - name: ann
    groups: [admin]
    ssh_authorized_keys: [ssh-ed25519 AAAA ann]
`

export function upgradeNode(context: TestContext, firmware: Firmware = 'uefi', config = ''): UpgradeNode {
  const broken: string[] = []
  const installed = installedNode(context, firmware, ([program, , image = '']) =>
    program === 'veritysetup' && broken.some((part) => image.includes(part))
      ? { code: 1, stderr: 'Verification of data area failed.\n' }
      : undefined,
  )
  const { folder, output } = installed
  const capacity = { state: plenty, efi: plenty }
  const roots = { state, efi: esp }
  const used = (where: 'state' | 'efi') => bytesBelow(join(folder, roots[where]))
  const statfs: Host['statfs'] = (path) => {
    const where = path === esp ? 'efi' : 'state'
    const available = capacity[where] - used(where)
    return { total: capacity[where], free: available, available }
  }
  const host: Host = { ...installed.host, statfs }
  const plant = (path: string, content: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  const writeCard = (name: string, change: (card: Payload) => Payload) => {
    const path = join(folder, 'srv', name, 'payload.json')
    const card = change(JSON.parse(readFileSync(path, 'utf8')) as Payload)
    writeFileSync(path, `${JSON.stringify(card)}\n`)
  }
  const newest = (): number => newestGeneration(recordOf(installed))?.number ?? 0
  const node: UpgradeNode = {
    ...installed,
    host,
    broken,
    plant,
    payload(name, change = (card) => card) {
      installed.addPayload(name)
      writeCard(name, change)
      return `dir:/srv/${name}`
    },
    replaceFile(name, file, content) {
      plant(`/srv/${name}/${file}.json`, content)
      const described = { digest: sha256(content), size: Buffer.byteLength(content) }
      writeCard(name, (card) => ({ ...card, [file]: { ...card[file], ...described } }))
    },
    agent(...args) {
      output.length = 0
      const code = main({ ...host, args })
      return { code, text: output.join('') }
    },
    record: () => recordOf(installed),
    change: (change) => void changeRecord(openNode(host), change),
    bootNewest() {
      const generation = newest()
      const slot = recordOf(installed).generations.at(-1)?.slot
      installed.boot({ mode: 'active', generation, ...(slot ? { slot } : {}) })
      node.change((record) => startTrial(record, generation))
    },
    blessNewest() {
      withLoader(host, openNode(host).disk, 'write', (loader) => loader.bless(newest()))
      node.change((record) => finishOperation(bless(record, newest())))
    },
    leave(where, bytes) {
      capacity[where] = used(where) + bytes
    },
  }
  plant('/oem/90_custom.yaml', `${admin}${config}`)
  plant('/etc/kairos-release', 'KAIROS_ARCH="amd64"\nKAIROS_VERSION="v1"\n')
  return node
}

/** In blocks of 4 KiB. */
function bytesBelow(folder: string): number {
  if (!existsSync(folder)) return 0
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const sizes = files.map(({ parentPath, name }) => statSync(join(parentPath, name)).size)
  return sizes.reduce((sum, size) => sum + Math.ceil(size / 4096) * 4096, 0)
}
