import { sizeText } from '@kiln/contract'
import { failureText } from '../lifecycle/reconcile.ts'
import type { GenerationState, NodeState } from './node-state.ts'
import type { PartitionState } from './partitions.ts'

/** The state for people. */
export function stateTable(state: NodeState): string {
  const rows: (readonly [name: string, value: string | undefined])[] = [
    ['Node', nodeText(state)],
    ['Recovery', recoveryText(state)],
    ['Operation', operationText(state)],
    ['Last failure', lastFailureText(state)],
    ['Disk', state.disk?.device],
    ...partitionRows(state),
    ['Configuration', state.configs.join(' ') || undefined],
    ['Agent', state.agent],
  ]
  const facts = columns(rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
  const generations = generationRows(state.generations ?? [])
  const parts = [facts, ...(generations.length > 1 ? [columns(generations)] : [])]
  const problems = state.problems.map((problem) => `note: ${problem}\n`).join('')
  return `${parts.join('\n')}${problems === '' ? '' : `\n${problems}`}`
}

function nodeText({ kairos, mode, generation }: NodeState): string {
  const name = [kairos.name, kairos.version].filter(Boolean).join(' ') || 'unnamed'
  return `${name}, ${mode}${generation === undefined ? '' : `, generation ${generation}`}`
}

function recoveryText({ recovery, generations }: NodeState): string | undefined {
  if (recovery.image) return `${recovery.image.name} ${recovery.image.version}`
  return generations === undefined ? undefined : 'none'
}

function operationText({ operation }: NodeState): string | undefined {
  if (!operation) return undefined
  const { kind, phase, started, failure } = operation
  const broken = failure ? `, broken off at ${failure.at}: ${failureText(failure)}` : ''
  return `${kind}, phase ${phase}, since ${started}${broken}`
}

function lastFailureText({ lastFailure }: NodeState): string | undefined {
  if (!lastFailure) return undefined
  const which = lastFailure.generation === undefined ? '' : `generation ${lastFailure.generation}, `
  return `${which}${lastFailure.at}: ${failureText(lastFailure)}`
}

function partitionRows(state: NodeState): (readonly [string, string])[] {
  const partitions: readonly (PartitionState | undefined)[] = [state.oem, state.state, state.persistent]
  return partitions.flatMap((partition) => {
    if (!partition) return []
    const { label, name = 'missing', size_bytes: size, free_bytes: free, mount_point: target } = partition
    const space = [
      size === undefined ? '' : sizeText(size),
      free === undefined ? '' : `${sizeText(free)} free`,
    ]
    return [[`  ${label}`, [name, ...space, target ?? 'not mounted'].filter(Boolean).join(', ')] as const]
  })
}

function generationRows(generations: readonly GenerationState[]): string[][] {
  const rows = generations.toReversed().map((generation) => {
    const { number, status, image, made, source, running, triesLeft, failure, slot } = generation
    const tries = triesLeft === undefined ? '' : `${triesLeft} tries left`
    const notes = [tries, status === 'bad' && failure ? failureText(failure) : ''].filter(Boolean).join('; ')
    return [running ? '*' : '', String(number), status, image.version, slot.slice(0, 12), made, source, notes]
  })
  return [['', 'NR', 'STATUS', 'VERSION', 'SLOT', 'MADE', 'SOURCE', 'NOTES'], ...rows]
}

/** Columns as wide as what is in them, two blanks between. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length)
  }
  return rows
    .map((row) => `${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('')
}
