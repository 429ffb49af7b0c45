import type { Command } from '../command.ts'
import { readRecords, type StepRecord } from './records.ts'

export const stagesCommand: Command<'--json' | '--failed'> = {
  usage: `kiln-agent stages: what the stages of this boot did

  kiln-agent stages [STAGE] [--failed] [--json]

  STAGE      only this one, with what comes before and after it
  --failed   only steps that failed
  --json     for programs

  kiln-agent stages boot

Ends with 1 where a step failed.
`,
  flags: ['--json', '--failed'],
  words: 1,
  run: (host, { flags, words: [stage] }) => {
    const steps = readRecords(host)
      .filter((record) => stage === undefined || record.stage.replace(/\.(before|after)$/, '') === stage)
      .filter(({ status }) => !flags.has('--failed') || status === 'failed')
    if (flags.has('--json')) {
      host.print(`${JSON.stringify({ schema: 'kiln.stages/v2', steps }, undefined, 2)}\n`)
    } else host.print(steps.length === 0 ? 'no step ran\n' : stagesTable(steps))
    return steps.some(({ status }) => status === 'failed') ? 1 : 0
  },
}

/** The steps in a table, each with what there is to say about it below, and what is to be counted at the end. */
export function stagesTable(steps: readonly StepRecord[]): string {
  const rows = steps.map(({ stage, step, status, ms }) => [stage, step, status, timeText(ms)] as const)
  const header = ['STAGE', 'STEP', 'RESULT', 'TIME'] as const
  const widths = header.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)))
  const line = (cells: readonly string[], last: string) =>
    `${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}  ${last}`.trimEnd()
  const lines = steps.flatMap((record, at) => [
    line(rows[at] ?? [], record.line === undefined ? record.source : `${record.source}:${record.line}`),
    ...(record.why === undefined ? [] : [`    ${record.why}`]),
    ...record.errors.map((error) => `    error: ${error}`),
    ...record.warnings.map((warning) => `    warning: ${warning}`),
  ])
  return [line(header, 'SOURCE'), ...lines, '', summary(steps)].map((each) => `${each}\n`).join('')
}

function summary(steps: readonly StepRecord[]): string {
  const counts = (['ok', 'failed', 'skipped', 'running'] as const).flatMap((status) => {
    const count = steps.filter((step) => step.status === status).length
    return count === 0 ? [] : [`${count} ${status}`]
  })
  return `${counts.join(', ')}; ${timeText(steps.reduce((sum, { ms }) => sum + ms, 0))} in all`
}

function timeText(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`
}
