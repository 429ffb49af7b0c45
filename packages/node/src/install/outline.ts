import { sizeText } from '@kiln/contract'
import { describeDisk } from './choose-disk.ts'
import type { InstallDecision } from './decide.ts'
import type { InstallFacts } from './gather.ts'
import { stepText } from './step.ts'

/** What an installation would do, for `--dry-run`; without the contents of files, which hold secrets. */
export function installOutline(
  { payload, source, firmware, settings }: InstallFacts,
  { chosen, target, erases, steps, warnings }: InstallDecision,
) {
  const { path, bytes, sectorBytes, model, serial } = chosen.disk
  return {
    schema: 'kiln.install-plan/v1',
    image: payload.image,
    source: source.reference,
    firmware,
    device: { path, bytes, sectorBytes, model, serial, why: chosen.why },
    erases,
    layout: target.kind === 'whole-disk' ? target.layout : undefined,
    adopts: target.kind === 'adopted' ? target.adopted.devices : undefined,
    steps: steps.map((step) => ({ step: step.kind, text: stepText(step) })),
    end: settings.end,
    warnings,
  }
}

type Outline = ReturnType<typeof installOutline>

/** The same for people, with the sum of the smallest disk and all steps. */
export function outlineText(outline: Outline, decision: Pick<InstallDecision, 'chosen'>): string {
  const { layout, steps } = outline
  const lines = [
    ...summaryLines(outline, decision),
    ...(layout ? ['', ...sumLines(layout)] : []),
    '',
    'Steps:',
    ...steps.map(({ text }, index) => `${String(index + 1).padStart(4)}. ${text}`),
    ...endLines(outline),
  ]
  return `${lines.join('\n')}\n`
}

/** The same for somebody who is asked on a console, which may show few lines. */
export function summaryText(outline: Outline, decision: Pick<InstallDecision, 'chosen'>): string {
  return `${[...summaryLines(outline, decision), ...endLines(outline)].join('\n')}\n`
}

function summaryLines(outline: Outline, { chosen }: Pick<InstallDecision, 'chosen'>): string[] {
  const { image, source, device, layout, adopts, erases } = outline
  const { arch, name, version } = image
  return [
    `${name} ${version} (${arch}) from ${source}`,
    `to ${describeDisk(chosen.disk)} (${device.why}), to start by ${firmwareNames[outline.firmware]}`,
    ...(layout ? ['', 'Partitions:', ...layout.partitions.map(partitionLine)] : []),
    ...(adopts ? ['', 'Partitions that are there are used:', ...entries(adopts)] : []),
    ...(erases.length > 0 ? ['', 'This is lost:', ...erases.map((what) => `  ${what}`)] : []),
  ]
}

function endLines({ end, warnings }: Outline): string[] {
  const what = { reboot: ['', 'Then it restarts.'], poweroff: ['', 'Then it powers off.'], stay: [] }
  return [...what[end], ...(warnings.length > 0 ? ['', ...warnings.map((text) => `Note: ${text}`)] : [])]
}

const firmwareNames = { uefi: 'UEFI', bios: 'BIOS', hybrid: 'UEFI and BIOS' } as const

type Layout = NonNullable<Outline['layout']>

function partitionLine({ number, label, name, fs, bytes }: Layout['partitions'][number]): string {
  const what = [String(number).padStart(2), (label ?? name).padEnd(16), (fs === 'none' ? '-' : fs).padEnd(5)]
  return `  ${[...what, sizeText(bytes).padStart(9)].join('  ')}`
}

function sumLines({ explanation, minimumBytes }: Layout): string[] {
  const terms = explanation.map(({ what, bytes, why }) => `  ${sizeText(bytes).padStart(9)}  ${what}: ${why}`)
  return [`The smallest disk has ${sizeText(minimumBytes)}:`, ...terms]
}

function entries(map: Readonly<Record<string, string>>): string[] {
  return Object.entries(map).map(([role, device]) => `  ${role.padEnd(12)} ${device}`)
}
