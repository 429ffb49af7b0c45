import type { Argv } from '../host/host.ts'

/** What a bundle holds: outputs of programs and files, by their names in it, as the field has them where it has them. */
export interface BundleOutput {
  readonly name: string
  readonly argv: Argv
}

/** Units with a file of their own. */
export const bundleUnits = [
  ...['kiln-reconcile', 'kiln-health', 'kiln-reset', 'kiln-grow', 'kiln-ready'],
  ...['kiln-stage-fs', 'kiln-stage-boot', 'kiln-stage-network', 'kiln-install'],
  ...['k3s', 'k3s-agent', 'k0scontroller', 'k0sworker'],
]

const journal = ['journalctl', '--no-pager', '--output=short-iso'] as const

export const bundleOutputs: readonly BundleOutput[] = [
  { name: 'journal/this-boot.log', argv: [...journal, '--boot'] },
  { name: 'journal/boot-before.log', argv: [...journal, '--boot=-1'] },
  ...bundleUnits.map(journalOf),
  { name: 'system/failed-units.txt', argv: ['systemctl', 'list-units', '--failed', '--no-pager'] },
  { name: 'system/units.txt', argv: ['systemctl', 'list-units', '--all', '--no-pager'] },
  { name: 'system/kernel.txt', argv: ['uname', '-a'] },
  { name: 'system/disks.json', argv: ['lsblk', '--json', '--bytes', '--output-all'] },
  { name: 'system/mounts.txt', argv: ['findmnt', '--all'] },
  { name: 'system/space.txt', argv: ['df', '--human-readable'] },
  { name: 'system/memory.txt', argv: ['free', '--human'] },
  { name: 'system/addresses.txt', argv: ['ip', 'address'] },
  { name: 'system/routes.txt', argv: ['ip', 'route'] },
]

/** What a unit said since the start. */
export function journalOf(unit: string): BundleOutput {
  return {
    name: `journal/${unit.replaceAll('/', '-')}.log`,
    argv: [...journal, '--boot', `--unit=${unit}`],
  }
}

/** Files, and folders whose files go in; below `files/`. */
export const bundleFiles = [
  '/etc/kairos-release',
  '/etc/os-release',
  '/proc/cmdline',
  '/run/kiln/boot.json',
  '/run/kiln/datasources.json',
  '/run/kiln/stages.jsonl',
  '/run/initramfs/cos-state/kiln',
  '/oem',
  '/system/oem',
  '/usr/local/cloud-config',
  '/var/log/kairos',
  '/var/log/kiln',
]
