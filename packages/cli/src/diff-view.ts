import { compareDebianVersions, type PackageChanges, sizeText } from '@kiln/contract'
import type { LockDiff, SetDiff } from '@kiln/factory/diff/lock-diff'
import type { PayloadDiff } from '@kiln/factory/diff/payload-diff'
import type { Diff } from '@kiln/factory/diff/subject'

/** A part of what is shown: a title, and rows of what, before and after. */
interface Section {
  readonly title: string
  readonly rows: readonly Row[]
}

interface Row {
  readonly what: string
  readonly from: string
  readonly to: string
}

const none = '-'

/** For people: aligned lines. */
export function diffLines(diff: Diff): string[] {
  const sections = sectionsOf(diff)
  const body = sections.flatMap(({ title, rows }) => {
    const [what, from] = [width(rows, 'what'), width(rows, 'from')]
    return [
      title,
      ...rows.map((row) => `  ${row.what.padEnd(what)}  ${row.from.padEnd(from)}  → ${row.to}`),
      '',
    ]
  })
  return [...body, summaryOf(diff)]
}

/** For a page: a table for each section. */
export function diffMarkdown(diff: Diff): string[] {
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const body = sectionsOf(diff).flatMap(({ title, rows }) => [
    `## ${title}`,
    '',
    '| What | Before | After |',
    '| --- | --- | --- |',
    ...rows.map(({ what, from, to }) => `| ${[what, from, to].map(cell).join(' | ')} |`),
    '',
  ])
  return [...body, summaryOf(diff)]
}

function width(rows: readonly Row[], column: keyof Row): number {
  return Math.max(0, ...rows.map((row) => row[column].length))
}

function sectionsOf(diff: Diff): Section[] {
  const all = diff.kind === 'lock' ? lockSections(diff) : payloadSections(diff)
  return all.filter(({ rows }) => rows.length > 0)
}

function summaryOf(diff: Diff): string {
  if (sectionsOf(diff).length === 0) return 'nothing differs'
  if (diff.kind === 'lock')
    return `A build fetches ${sizeText(diff.download)} of packages that the first lock does not name.`
  const { from, to } = diff.size
  return `A node fetches ${sizeText(diff.download)}; the payload has ${sizeText(to)}, and had ${sizeText(from)}.`
}

function lockSections({ kiln, sets, bases }: LockDiff): Section[] {
  return [
    { title: 'Kiln', rows: kiln ? [{ what: 'version', ...kiln }] : [] },
    { title: 'Bases', rows: bases.map(({ name, from, to }) => ({ what: name, from, to })) },
    ...sets.map((set) => ({ title: set.names.join(', '), rows: setRows(set) })),
  ]
}

function setRows({ state, date, asked, packages, rebuilt }: SetDiff): Row[] {
  const rows: (Row | undefined)[] = [
    state === 'changed' ? undefined : { what: 'set', from: state === 'added' ? none : 'there', to: state },
    date && { what: 'archives of', ...date },
    asked && { what: 'asked for', from: asked.less.join(' ') || none, to: asked.more.join(' ') || none },
  ]
  return [
    ...rows.filter((row) => row !== undefined),
    ...packageRows(packages),
    ...rebuilt.map((what) => ({ what, from: 'same version', to: 'another file' })),
  ]
}

function packageRows({ added, removed, changed }: PackageChanges): Row[] {
  return [
    ...changed.map(({ name, from, to }) => ({
      what: name,
      from,
      to: compareDebianVersions(to, from) < 0 ? `${to} (older)` : to,
    })),
    ...added.map(({ name, version }) => ({ what: name, from: none, to: version })),
    ...removed.map(({ name, version }) => ({ what: name, from: version, to: none })),
  ].toSorted((a, b) => (a.what < b.what ? -1 : a.what > b.what ? 1 : 0))
}

const parts = {
  version: 'system',
  kernel: 'kernel',
  kubernetes: 'Kubernetes',
  bootLoader: 'boot loader',
  agent: 'agent',
  cmdline: 'command line',
} as const satisfies Partial<Record<keyof PayloadDiff['changes'], string>>

function payloadSections({ changes, files }: PayloadDiff): Section[] {
  const components = Object.entries(parts).flatMap(([key, what]) => {
    const change = changes[key as keyof typeof parts]
    return change ? [{ what, ...change }] : []
  })
  const sizeOf = (bytes: number | undefined) => (bytes === undefined ? none : sizeText(bytes))
  return [
    { title: 'Components', rows: components },
    { title: 'Packages', rows: changes.packages ? packageRows(changes.packages) : [] },
    {
      title: 'Files',
      rows: files.map(({ file, from, to }) => ({ what: file, from: sizeOf(from), to: sizeOf(to) })),
    },
  ]
}
