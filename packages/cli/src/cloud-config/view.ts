import { formatPlace } from '@kiln/contract'
import type { Warning } from '@kiln/contract/cloud-config/warnings'
import type { Explanation, Say } from '@kiln/node/cloud-config/explain'
import { printYaml } from '@kiln/node/cloud-config/print'
import { diagnosticLines, findingData } from '../report/error.ts'
import { painter, wantsColour } from '../report/terminal.ts'
import { readSourceText, type Session } from '../session.ts'

/** Warnings for people, with the line that each is about. */
export function warningLines(session: Session, warnings: readonly Warning[]): string[] {
  const { stderr, env } = session
  const paint = painter(wantsColour({ isTerminal: stderr.isTTY ?? false, env }))
  const options = { paint, readSource: readSourceText }
  return warnings.flatMap((warning) => diagnosticLines('warning', 'yellow', warning, options))
}

export function tellWarnings(session: Session, warnings: readonly Warning[]): void {
  for (const line of warningLines(session, warnings)) session.stderr.write(`${line}\n`)
}

/** Where a value comes from: what is in force, then what it overrode or what else is in it. */
export function explanationLines(name: string, { value, from, replaces }: Explanation): string[] {
  const places = from.map(({ place }) => formatPlace(place))
  const width = Math.max(0, ...places.map((place) => place.length))
  const rows = from.map((say, index) => {
    const role = !replaces ? 'part of it' : index === 0 ? 'in force' : 'overridden'
    return `  ${role.padEnd(10)}  ${(places[index] ?? '').padEnd(width)}  ${brief(say.value)}`.trimEnd()
  })
  return [...valueLines(name, value), ...rows]
}

function valueLines(name: string, value: unknown): string[] {
  const isSmall = typeof value !== 'object' || value === null
  if (isSmall) return [`${name}: ${brief(value)}`]
  const lines = printYaml(value).trimEnd().split('\n')
  return [`${name}:`, ...lines.map((line) => `    ${line}`)]
}

const briefLength = 60

function brief(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const [line = '', ...more] = (text ?? '').split('\n')
  return more.length > 0 || line.length > briefLength ? `${line.slice(0, briefLength)}…` : line
}

export function explanationData(name: string, { value, from }: Explanation): Record<string, unknown> {
  return { path: name, value, from: from.map(sayData) }
}

function sayData({ source, place, value }: Say): Record<string, unknown> {
  const { file, range } = findingData({ code: 'E-CONFIG-BAD-VALUE', message: '', place })
  return { source, ...(file === undefined ? {} : { file }), ...(range === undefined ? {} : { range }), value }
}
