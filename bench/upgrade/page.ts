import { type Payload, smallestDisk } from '../../packages/contract/src/index.ts'
import { mib, seconds } from '../measure.ts'
import type { Figures, MeasuredUpgrade } from './node.ts'
import type { StateTimes } from './state.ts'
import type { Systems } from './systems.ts'

export interface UpgradeFacts {
  readonly systems: Systems
  readonly measured: MeasuredUpgrade
  /** Of `kiln-agent state`, without emulation. */
  readonly state: StateTimes
  readonly rounds: number
}

/** docs/benchmarks-upgrade.md. */
export function upgradePage({ systems, measured, state, rounds }: UpgradeFacts): string {
  const { kiln, field, fieldCopy, imageBytes, stateMs: nodeStateMs, emulated } = measured
  const { payloadBytes, card } = systems
  const machine = emulated ? 'an emulated processor, many times slower than a real one' : 'KVM'
  return `# What an upgrade writes

Written by \`node bench/upgrade.ts\`. ${rounds === 1 ? 'One round' : `Medians of ${rounds} rounds in turn`} on one node: a virtual machine with ${machine}; read the ratios,
not the times. The system is that of the [other benchmark](benchmarks.md): root image ${mib(card.root.size)}, all files of its payload ${mib(payloadBytes)},
unpacked ${mib(imageBytes)}.

| | bytes written | ratio | time | ratio |
|---|--:|--:|--:|--:|
${row('Kiln', kiln, kiln)}
${row('the field: unpacked, names changed', field, kiln)}
${row('the same, old image copied', fieldCopy, kiln)}

To be reached: a fifth of the bytes. ${verdict(kiln, field, fieldCopy)}

## What is counted

What the node's disk was told to write, by the kernel's own account (\`/sys/block/vda/stat\`), until all of it is on the disk:
data, journals and folders. The new system is read from another disk, so that no network is measured.

- **Kiln**: \`kiln-agent upgrade dir:…\`, as it is: the payload's files into a slot and its UKI to \`COS_GRUB\`, each read
  back; the root image verified against its root hash; record and boot entry.
- **The field**: an ext2 image of 3 GiB with holes is made on an ext4 file system, mounted, and filled by rsync with the files of
  the system, its kernel and its initramfs; then the active image becomes the passive one, and the new one the active one. Nothing is read
  back or verified. An upgrade changes names; an installation copies the image, as does the second row, holes left out.

## Where Kiln's bytes go

| | bytes |
|---|--:|
${bytesRows(card, kiln.bytes)}

The root image is written once, packed: there is no copy of it, no second one for passive, nothing unpacked. It is written whole,
though, whatever changed: a slot is one image that is never changed, and ext4 has no blocks that two files share. Boot files are
on the EFI partition only. This disk starts under UEFI, as one does that an installation made there; one for both kinds of
firmware has kernel and initramfs for GRUB as well, about as much again as the UKI.

## The smallest disk

By the planner of disks, which adds up what must fit: two generations, recovery and one more that is being written, with room for
larger ones; 64 MiB for the configuration and 256 MiB for data. To be reached: 3 GiB.

| starts under | smallest disk |
|---|--:|
${diskRows(card)}

The disk image of this system has the first of these sizes.

## State

\`kiln-agent state --json\`, from the start of the program to its end: ${seconds(state.wallMs)} on this machine, ${seconds(state.processorMs)} of them of a
processor, with the disk and the root of the image (to be reached: 20 ms; ${state.wallMs < 20 ? 'it is' : 'it is **not**'}); the kernel of a machine without vfat leaves the boot entries out. On the node${emulated ? ', emulated' : ''},
with the boot entries: ${seconds(nodeStateMs)}.
`
}

function row(name: string, { bytes, ms }: Figures, kiln: Figures): string {
  return `| ${name} | ${mib(bytes)} | ${(bytes / kiln.bytes).toFixed(1)}× | ${seconds(ms)} | ${(ms / kiln.ms).toFixed(1)}× |`
}

/** By the sizes of the files; what the file systems need for themselves is the rest. */
function bytesRows({ root, uki, packages }: Payload, written: number): string {
  const rows: (readonly [string, number])[] = [
    ['root image, in the slot', root.size],
    ['UKI, on the EFI partition', uki.size],
    ['list of packages', packages.size],
  ]
  const known = rows.reduce((sum, [, bytes]) => sum + bytes, 0)
  return [...rows, ['folders, journal, record and entries', written - known] as const]
    .map(([what, bytes]) => `| ${what} | ${mib(bytes)} |`)
    .join('\n')
}

function diskRows({ root, uki }: Payload): string {
  const payload = { rootBytes: root.size, bootBytes: uki.size }
  const kinds = [
    ['uefi', 'UEFI'],
    ['bios', 'BIOS'],
    ['hybrid', 'both'],
  ] as const
  return kinds
    .map(([firmware, name]) => {
      const { minimumBytes } = smallestDisk({ firmware, payload, generations: 2 })
      return `| ${name} | ${(minimumBytes / 2 ** 30).toFixed(2)} GiB |`
    })
    .join('\n')
}

function verdict(kiln: Figures, field: Figures, fieldCopy: Figures): string {
  const [names, copied] = [field.bytes / kiln.bytes, fieldCopy.bytes / kiln.bytes]
  if (names >= 5) return 'It is.'
  return copied >= 5 ? 'It is against copying, not against changing names.' : 'It is not.'
}
