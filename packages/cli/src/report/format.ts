/** `38 ms`, `3.2 s`, `4 min 07 s`: short, and never jumping back and forth between units. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes} min ${two(whole % 60)} s`
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** `12.4 MiB`; powers of 1024. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** `41 %`, `12.4 MiB of 80.0 MiB`, `7 of 9`, or only how far it is where nobody knows the whole. */
export function formatProgress(progress: {
  readonly done: number
  readonly total?: number
  readonly unit: 'bytes' | 'items' | 'percent'
}): string {
  if (progress.unit === 'percent') return `${Math.floor(progress.done)} %`
  const amount = progress.unit === 'bytes' ? formatBytes : String
  if (progress.total === undefined) return amount(progress.done)
  return `${amount(progress.done)} of ${amount(progress.total)}`
}

/** What programs say goes to the terminal as text: without colours, cursor movements and other control characters. */
export function plainText(text: string): string {
  return text.replace(ansiSequences, '').replace(/\t/g, ' ').replace(controlCharacters, '')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ansiSequences = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controlCharacters = /[\x00-\x1f\x7f-\x9f]/g

/** Cuts a text to a number of terminal columns; what is cut ends in `…`. */
export function fit(text: string, columns: number): string {
  const plain = plainText(text)
  if (widthOf(plain) <= columns) return plain
  let width = 0
  let kept = ''
  for (const char of plain) {
    const next = width + charWidth(char)
    if (next > columns - 1) break
    kept += char
    width = next
  }
  return columns < 1 ? '' : `${kept}…`
}

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  return [...text].reduce((sum, char) => sum + charWidth(char), 0)
}

/** East Asian scripts and pictures take two columns, combining marks none. */
function charWidth(char: string): number {
  if (/\p{Mark}|\u200d|\ufe0f/u.test(char)) return 0
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
    char,
  )
    ? 2
    : 1
}
