import { formatText, quoteText } from './format.ts'
import type { Call } from './functions.ts'
import { pattern } from './pattern.ts'
import { isList, isNothing, needInt, needList, needText, textOf, type Value, ValueError } from './values.ts'

const longest = 1_000_000

/** Texts. As in sprig, what is worked on comes last, so that it can be piped in. */
export const texts: Readonly<Record<string, Call>> = {
  print: (args) => args.map(textOf).join(' '),
  println: (args) => `${args.map(textOf).join(' ')}\n`,
  printf: ([format, ...rest]) => formatText(needText(format), rest),
  trim: ([text]) => needText(text).trim(),
  trimAll: ([cut, text]) => trimEnd(cut, trimStart(cut, needText(text))),
  trimLeft: ([cut, text]) => trimStart(cut, needText(text)),
  trimRight: ([cut, text]) => trimEnd(cut, needText(text)),
  trimPrefix: ([prefix, text]) => {
    const [start, whole] = [needText(prefix), needText(text)]
    return whole.startsWith(start) ? whole.slice(start.length) : whole
  },
  trimSuffix: ([suffix, text]) => {
    const [end, whole] = [needText(suffix), needText(text)]
    return whole.endsWith(end) ? whole.slice(0, whole.length - end.length) : whole
  },
  upper: ([text]) => needText(text).toUpperCase(),
  lower: ([text]) => needText(text).toLowerCase(),
  title: ([text]) =>
    needText(text).replace(/(^|\s)(\S)/gu, (_, gap: string, char: string) => gap + char.toUpperCase()),
  untitle: ([text]) =>
    needText(text).replace(/(^|\s)(\S)/gu, (_, gap: string, char: string) => gap + char.toLowerCase()),
  repeat: ([count, text]) => {
    const [times, part] = [Math.max(needInt(count), 0), needText(text)]
    if (times * part.length > longest) throw new ValueError('the result is too long')
    return part.repeat(times)
  },
  substr: ([start, end, text]) => {
    const chars = [...needText(text)]
    const [from, to] = [Math.max(needInt(start), 0), needInt(end)]
    return chars.slice(from, to < 0 ? undefined : to).join('')
  },
  trunc: ([count, text]) => {
    const [length, chars] = [needInt(count), [...needText(text)]]
    return (length < 0 ? chars.slice(length) : chars.slice(0, length)).join('')
  },
  abbrev: ([count, text]) => {
    const [length, whole] = [needInt(count), needText(text)]
    return whole.length <= length || length < 4 ? whole : `${whole.slice(0, length - 3)}...`
  },
  nospace: ([text]) => needText(text).replace(/\s+/g, ''),
  initials: ([text]) =>
    needText(text)
      .split(/\s+/)
      .map((word) => [...word][0] ?? '')
      .join(''),
  contains: ([part, text]) => needText(text).includes(needText(part)),
  hasPrefix: ([prefix, text]) => needText(text).startsWith(needText(prefix)),
  hasSuffix: ([suffix, text]) => needText(text).endsWith(needText(suffix)),
  replace: ([from, to, text]) => needText(text).replaceAll(needText(from), () => needText(to)),
  quote: (args) =>
    args
      .filter((arg) => !isNothing(arg))
      .map((arg) => quoteText(textOf(arg)))
      .join(' '),
  squote: (args) =>
    args
      .filter((arg) => !isNothing(arg))
      .map((arg) => `'${textOf(arg)}'`)
      .join(' '),
  cat: (args) =>
    args
      .filter((arg) => !isNothing(arg))
      .map(textOf)
      .join(' '),
  indent: ([count, text]) => indented(count, needText(text)),
  nindent: ([count, text]) => `\n${indented(count, needText(text))}`,
  wrap: ([count, text]) => wrapped(needInt(count), needText(text)),
  plural: ([one, many, count]) => (needInt(count) === 1 ? one : many),
  snakecase: ([text]) => words(text).join('_'),
  kebabcase: ([text]) => words(text).join('-'),
  camelcase: ([text]) =>
    words(text)
      .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
      .join(''),
  toString: (args: readonly Value[]) => textOf(args[0]),
  join: ([separator, list]) =>
    (isList(list) ? list : [list])
      .filter((item) => !isNothing(item))
      .map(textOf)
      .join(needText(separator)),
  splitList: ([separator, text]) => needText(text).split(needText(separator)),
  split: ([separator, text]) => numbered(needText(text).split(needText(separator))),
  splitn: ([separator, count, text]) => {
    const parts = needText(text).split(needText(separator))
    const most = Math.max(needInt(count), 1)
    const tail = parts.slice(most - 1).join(needText(separator))
    return numbered(parts.length > most ? [...parts.slice(0, most - 1), tail] : parts)
  },
  toStrings: ([list]) => needList(list).map(textOf),
  regexMatch: ([source, text]) => pattern(source).test(needText(text)),
  mustRegexMatch: ([source, text]) => pattern(source).test(needText(text)),
  regexFind: ([source, text]) => needText(text).match(pattern(source))?.[0] ?? '',
  regexFindAll: ([source, text, count]) => {
    const found = needText(text).match(pattern(source, 'g')) ?? []
    return needInt(count) < 0 ? [...found] : found.slice(0, needInt(count))
  },
  regexReplaceAll: ([source, text, replacement]) =>
    needText(text).replace(pattern(source, 'g'), goReplacement(needText(replacement))),
  regexReplaceAllLiteral: ([source, text, replacement]) =>
    needText(text).replace(pattern(source, 'g'), () => needText(replacement)),
  regexSplit: ([source, text, count]) => {
    const parts = needText(text).split(pattern(source))
    return needInt(count) < 0 ? parts : parts.slice(0, needInt(count))
  },
  regexQuoteMeta: ([text]) => needText(text).replace(/[\\.+*?()|[\]{}^$]/g, '\\$&'),
}

function trimStart(cut: Value, text: string): string {
  const chars = [...text]
  const first = chars.findIndex((char) => !needText(cut).includes(char))
  return first < 0 ? '' : chars.slice(first).join('')
}

function trimEnd(cut: Value, text: string): string {
  const chars = [...text]
  const last = chars.findLastIndex((char) => !needText(cut).includes(char))
  return chars.slice(0, last + 1).join('')
}

function indented(count: Value, text: string): string {
  const blanks = needInt(count)
  if (blanks < 0 || blanks > 1000) throw new ValueError(`${blanks} is no indentation`)
  return text
    .split('\n')
    .map((line) => ' '.repeat(blanks) + line)
    .join('\n')
}

function wrapped(width: number, text: string): string {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length + 1 > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines.join('\n')
}

/** `kairosNode-1` is `kairos node 1`. */
function words(text: Value): string[] {
  return needText(text)
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[\s_-]+/)
    .filter(Boolean)
}

/** Sprig's split gives a map: `(split "." "a.b")._0`. */
function numbered(parts: readonly string[]): Value {
  return Object.fromEntries(parts.map((part, index) => [`_${index}`, part]))
}

/** Go's `${1}` and `$1` are JavaScript's `$1`; `$name` is `$<name>`. */
function goReplacement(text: string): string {
  return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? ''
    return name === '0' ? '$&' : /^\d+$/.test(name) ? `$${name}` : `$<${name}>`
  })
}
