const context = 2

type Line = readonly [mark: ' ' | '-' | '+', text: string]

/** Two texts as a unified diff with two lines around each change; nothing where they are the same. */
export function diffLines(file: string, before: string, after: string): string[] {
  const lines = compare(before.split('\n'), after.split('\n'))
  const changed = lines.flatMap(([mark], index) => (mark === ' ' ? [] : [index]))
  if (changed.length === 0) return []
  const shown = (index: number) => changed.some((at) => Math.abs(at - index) <= context)
  const body: string[] = []
  for (const [index, [mark, text]] of lines.entries()) {
    if (!shown(index)) continue
    if (!shown(index - 1)) body.push(hunkHead(lines, index, shown))
    body.push(`${mark}${text}`)
  }
  return [`--- ${file}`, `+++ ${file}`, ...body]
}

function hunkHead(lines: readonly Line[], start: number, shown: (index: number) => boolean): string {
  let end = start
  while (end < lines.length && shown(end)) end++
  const count = (from: number, to: number, mark: '-' | '+') =>
    lines.slice(from, to).filter(([each]) => each === ' ' || each === mark).length
  const range = (mark: '-' | '+') => `${mark}${count(0, start, mark) + 1},${count(start, end, mark)}`
  return `@@ ${range('-')} ${range('+')} @@`
}

/** By the longest common subsequence of what lies between the common start and end. */
function compare(before: readonly string[], after: readonly string[]): Line[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head++
  let tail = 0
  const rest = Math.min(before.length, after.length) - head
  while (tail < rest && before.at(-1 - tail) === after.at(-1 - tail)) tail++
  const same = (texts: readonly string[]): Line[] => texts.map((text) => [' ', text])
  return [
    ...same(before.slice(0, head)),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...same(before.slice(before.length - tail)),
  ]
}

function middle(before: readonly string[], after: readonly string[]): Line[] {
  const common = commonLengths(before, after)
  const lines: Line[] = []
  let [i, j] = [0, 0]
  while (i < before.length && j < after.length) {
    const [old, young] = [before[i] ?? '', after[j] ?? '']
    if (old === young) {
      lines.push([' ', old])
      i++
      j++
    } else if (common(i + 1, j) >= common(i, j + 1)) {
      lines.push(['-', old])
      i++
    } else {
      lines.push(['+', young])
      j++
    }
  }
  const left = (mark: '-' | '+', texts: readonly string[]): Line[] => texts.map((text) => [mark, text])
  return [...lines, ...left('-', before.slice(i)), ...left('+', after.slice(j))]
}

/** How many lines, in order, two texts have in common from two of their lines on. */
function commonLengths(
  before: readonly string[],
  after: readonly string[],
): (i: number, j: number) => number {
  const width = after.length + 1
  const lengths = new Uint32Array((before.length + 1) * width)
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  return at
}
