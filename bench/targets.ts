import { type Measured, mib, seconds } from './measure.ts'
import type { Results } from './sections.ts'

/** What Kiln is to reach, and what was measured. */
export interface Target {
  readonly name: string
  readonly wanted: string
  readonly measured: string
  readonly reached: boolean
}

export function targets({ media, cold, changes, initramfs, initramfsStepMs }: Results): Target[] {
  const kiln = find(media, 'Kiln')
  const peers = media.filter(({ name }) => name !== 'Kiln')
  const [unchanged, changed] = [find(changes, 'unchanged'), find(changes, 'changed cloud-config')]
  const ours = find(initramfs, 'Kiln')
  const isos = peers.filter(({ name }) => name !== 'mkosi')
  const smallest = isos.reduce((least, peer) => (peer.size < least.size ? peer : least))
  const auroraboot = isos.find(({ name }) => name.startsWith('AuroraBoot')) ?? smallest
  return [
    ...peers.map((peer) => atLeast(peer, kiln, peer.name === 'mkosi' ? 4 : 15)),
    {
      name: "ISO against that of AuroraBoot's commands",
      wanted: 'not larger',
      measured: `${mib(kiln.size)} against ${mib(auroraboot.size)}`,
      reached: kiln.size <= auroraboot.size,
    },
    {
      name: `ISO against the smallest, of ${smallest.name}`,
      wanted: 'not larger',
      measured: `${mib(kiln.size)} against ${mib(smallest.size)}`,
      reached: kiln.size <= smallest.size,
    },
    below('initramfs, the step', initramfsStepMs, 3000),
    {
      name: 'initramfs, its size',
      wanted: '≤ 12 MB',
      measured: `${(ours.size / 1e6).toFixed(1)} MB`,
      reached: ours.size <= 12e6,
    },
    below('unchanged rebuild', unchanged.wallMs, 1500),
    below('changed cloud-config to new ISO', changed.wallMs, 5000),
    atMost(find(cold, 'Kiln'), find(cold, 'mmdebstrap and packing'), 1.3),
  ]
}

export function find(rows: readonly Measured[], name: string): Measured {
  const row = rows.find((candidate) => candidate.name === name)
  if (!row) throw new Error(`nothing was measured for ${name}`)
  return row
}

function atLeast(peer: Measured, kiln: Measured, factor: number): Target {
  const ratio = peer.wallMs / kiln.wallMs
  return {
    name: `payload and ISO against ${peer.name}`,
    wanted: `≥ ${factor}× faster`,
    measured: `${ratio.toFixed(1)}×`,
    reached: ratio >= factor,
  }
}

function atMost(kiln: Measured, peer: Measured, factor: number): Target {
  const ratio = kiln.wallMs / peer.wallMs
  return {
    name: `cold build against ${peer.name}`,
    wanted: `≤ ${factor}× its time`,
    measured: `${ratio.toFixed(2)}×`,
    reached: ratio <= factor,
  }
}

function below(name: string, ms: number, limit: number): Target {
  return { name, wanted: `< ${limit / 1000} s`, measured: seconds(ms), reached: ms < limit }
}
