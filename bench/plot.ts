import { type Measured, seconds } from './measure.ts'
import type { Results } from './sections.ts'

/** Horizontal bars of wall times on a logarithmic scale, readable on a light and a dark page. */
export function plot({ media, cold, changes, initramfs }: Results): string {
  const groups: readonly Group[] = [
    { title: 'From the unpacked root to the medium', rows: media },
    { title: 'From package files to the medium', rows: cold },
    { title: 'Initramfs', rows: initramfs },
    { title: 'Kiln, a build again', rows: changes.map((row) => ({ ...row, ours: true })) },
  ]
  const all = groups.flatMap(({ rows }) => rows.map(({ wallMs }) => wallMs / 1000))
  const scale = scaleFor(all)
  let y = top
  const parts: string[] = []
  for (const { title, rows } of groups) {
    parts.push(`<text class="text title" x="${left}" y="${y + 14}">${escapeText(title)}</text>`)
    y += titleHeight
    for (const row of rows) {
      parts.push(bar(row, y, scale))
      y += rowHeight
    }
    y += groupGap
  }
  const height = y + axisHeight
  const axis = scale.ticks.flatMap((tick) => {
    const x = scale.x(tick).toFixed(1)
    return [
      `<line class="grid" x1="${x}" y1="${top}" x2="${x}" y2="${y - 8}"/>`,
      `<text class="small" x="${x}" y="${y + 10}" text-anchor="middle">${tick} s</text>`,
    ]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="14">`,
    '  <title id="title">Wall times of Kiln and of its peers</title>',
    `  <desc id="desc">Bars on a logarithmic scale. ${escapeText(describe(groups))}</desc>`,
    style,
    ...[`<rect class="page" width="${width}" height="${height}" rx="8"/>`, ...axis, ...parts].map(
      (line) => `  ${line}`,
    ),
    '</svg>',
    '',
  ].join('\n')
}

interface Group {
  readonly title: string
  readonly rows: readonly (Measured & { readonly ours?: boolean })[]
}

const [width, left, labelWidth, valueWidth] = [960, 20, 240, 90]
const [top, rowHeight, titleHeight, groupGap, axisHeight] = [20, 26, 26, 16, 22]

const style = `  <style>
    .page { fill: #ffffff }
    .kiln { fill: #a4521f }
    .peer { fill: #b9ab95 }
    .grid { stroke: #e6dfd3; stroke-width: 1 }
    .text { fill: #2b2418 }
    .title { font-weight: 600 }
    .small { fill: #5c5140; font-size: 13px }
    @media (prefers-color-scheme: dark) {
      .page { fill: #16130f }
      .kiln { fill: #e08a55 }
      .peer { fill: #6b5f4e }
      .grid { stroke: #332c23 }
      .text { fill: #f0e8da }
      .small { fill: #c9bca5 }
    }
  </style>`

interface Scale {
  readonly x: (seconds: number) => number
  readonly ticks: readonly number[]
}

function scaleFor(values: readonly number[]): Scale {
  const known = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000]
  const low = known.findLast((tick) => tick <= Math.min(...values)) ?? 0.1
  const high = known.find((tick) => tick >= Math.max(...values)) ?? 3000
  const [start, end] = [left + labelWidth, width - left - valueWidth]
  const x = (value: number) => start + ((end - start) * Math.log(value / low)) / Math.log(high / low)
  return { x, ticks: known.filter((tick) => tick >= low && tick <= high) }
}

function bar(row: Group['rows'][number], y: number, { x, ticks }: Scale): string {
  const start = x(ticks[0] ?? 1)
  const end = Math.max(x(row.wallMs / 1000), start + 2)
  const kind = row.ours || row.name.startsWith('Kiln') ? 'kiln' : 'peer'
  return [
    `<text class="text" x="${start - 8}" y="${y + 14}" text-anchor="end">${escapeText(row.name)}</text>`,
    `<rect class="${kind}" x="${start}" y="${y}" width="${(end - start).toFixed(1)}" height="${rowHeight - 7}" rx="3"/>`,
    `<text class="small" x="${(end + 6).toFixed(1)}" y="${y + 14}">${seconds(row.wallMs)}</text>`,
  ].join('')
}

function describe(groups: readonly Group[]): string {
  const rows = ({ rows }: Group) => rows.map(({ name, wallMs }) => `${name} ${seconds(wallMs)}`).join(', ')
  return groups.map((group) => `${group.title}: ${rows(group)}.`).join(' ')
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
