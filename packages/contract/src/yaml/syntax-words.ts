import type { Range } from './places.ts'

/** Why a text is no YAML, in words of which a user can do something. */
export interface YamlProblem {
  readonly message: string
  readonly hint?: string
  readonly at: Range
}

/**
 * What the parser has against a text, for those who have to mend it: it names a rule of YAML where it stumbles, and seldom the
 * mistake.
 */
export function syntaxWords(reason: string, text: string, at: number): YamlProblem {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1).split('\n', 1)[0] ?? ''
  const found = mistakes.find(
    ({ reason: pattern, line: look, place }) =>
      pattern.test(reason) && look?.test(line) !== false && place?.(text, at) !== 'other',
  )
  if (!found) return { message: reason, at: [at, at] }
  const told = found.place?.(text, at)
  const place = typeof told === 'number' ? told : at
  return {
    message: reason.replace(found.reason, found.message),
    ...(found.hint ? { hint: found.hint } : {}),
    at: [place, place],
  }
}

interface Mistake {
  readonly reason: RegExp
  /** How the line looks at which the parser stumbled. */
  readonly line?: RegExp
  readonly message: string
  readonly hint?: string
  /** Where the mistake is, if not where the parser stumbled; `other` where it is another mistake. */
  readonly place?: (text: string, at: number) => number | 'other'
}

/** `key: `, also behind dashes. */
const key = String.raw`^\s*(?:- +)*["']?[\w./-]+["']?: +`
const isMisplaced = /^bad indentation of a (?:mapping|sequence) entry$/
const isOver = /^end of the stream or a document separator is expected$/

const mistakes: readonly Mistake[] = [
  { reason: /^.*$/, line: /^ *\t/, message: 'a tab cannot indent', hint: 'use blanks' },
  { reason: /^duplicated mapping key$/, message: 'the key stands here for the second time' },
  {
    reason: /^unidentified alias "(.*)"$/,
    message: 'there is no anchor &$1',
    hint: 'a text that begins with * needs quotes',
    place: (text, at) => (text[at - 1] === '*' ? at - 1 : at),
  },
  { reason: /^nesting exceeded maxDepth.*$/, message: 'nested too deeply' },
  { reason: /^unknown \w+ tag !<tag:yaml.org,2002:(.*)>$/, message: 'the tag !!$1 is not known' },
  {
    reason: /^unknown \w+ tag !<(.*)>$/,
    message: 'the tag $1 is not known',
    hint: 'a text that begins with ! needs quotes',
  },
  {
    reason: /^cannot resolve a node with !<tag:yaml.org,2002:binary> .*$/,
    message: '!!binary has to be base64 of a text',
    hint: 'for other contents use "encoding: b64"',
  },
  { reason: /^cannot resolve a node with !<tag:yaml.org,2002:(\w+)> .*$/, message: 'this is no !!$1' },
  { reason: /^cannot merge mappings.*$/, message: '<< takes a map, or a list of maps' },
  {
    reason: /^object-based map does not support complex keys$/,
    message: 'a key has to be a text, not a map or a list',
    hint: 'a value that begins with {{ needs quotes',
  },
  {
    reason: /^deficient indentation$|^unexpected end of the (?:stream|document) within a \w+ quoted scalar$/,
    message: 'the quote that begins here is not closed',
    place: openQuote,
  },
  {
    reason: /^deficient indentation$|^unexpected end of the stream within a flow collection$/,
    message: 'a bracket is not closed, or what is in it is not indented',
  },
  {
    reason: new RegExp(`${isMisplaced.source}|${isOver.source}`),
    line: new RegExp(`${key}[@\`%]`),
    message: 'a text cannot begin with @, ` or %',
    hint: 'put it in quotes',
  },
  {
    reason: isMisplaced,
    line: new RegExp(`${key}[^"'#&*|>[{\\s][^#]*: `),
    message: 'a text with a colon and a blank in it needs quotes',
  },
  {
    reason: isMisplaced,
    line: new RegExp(`${key}["'*]`),
    message: 'something stands behind the value',
    hint: 'put the whole into one pair of quotes',
  },
  {
    reason: isMisplaced,
    message: 'this line is not indented like those that it belongs to',
    place: (text, at) => {
      const start = text.lastIndexOf('\n', at - 1) + 1
      return start + text.slice(start).search(/\S/)
    },
  },
  {
    reason: /^expected hexadecimal character$|^unknown escape sequence$/,
    message: 'a backslash between double quotes has a meaning of its own',
    hint: 'use single quotes, or two backslashes',
  },
  {
    reason: isOver,
    message: 'this does not go on with what is above it',
    hint: 'look at how it is indented',
  },
  {
    reason: /^expected ':' after a mapping key$|^can not read a block mapping entry.*$/,
    message: 'a key needs a colon and a blank',
    place: firstLineOfKey,
  },
]

/** The parser stumbles at the colon of the next line, or at the end. */
function firstLineOfKey(text: string, at: number): number {
  const last = text.lastIndexOf('\n', text.slice(0, at).trimEnd().length - 1) + 1
  return text[at] === ':' && last > 0 ? text.lastIndexOf('\n', last - 2) + 1 : last
}

/** The last quote before a place that begins a text and does not end there. */
function openQuote(text: string, at: number): number | 'other' {
  const before = text.slice(0, at)
  const begin = [...before.matchAll(/(?<=^|[\s,[{])["']/g)].at(-1)?.index
  if (begin === undefined) return 'other'
  return before.slice(begin + 1).includes(before[begin] ?? '') ? 'other' : begin
}
