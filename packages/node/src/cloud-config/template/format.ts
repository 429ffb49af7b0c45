import { isNothing, kindOf, needInt, needNumber, textOf, type Value, ValueError } from './values.ts'

const widest = 1000

/** Go's fmt.Sprintf, for the verbs that people use: %v %s %q %d %x %X %o %b %c %f %e %g %t %T %%. */
export function formatText(format: string, values: readonly Value[]): string {
  let next = 0
  const text = format.replace(
    /%([-+# 0]*)(\d+|\*)?(?:\.(\d+|\*))?(.)/gsu,
    (whole, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%'
      const take = () => {
        if (next >= values.length) throw new ValueError(`${whole} has no value`)
        return values[next++]
      }
      const number = (digits: string | undefined) =>
        digits === '*' ? needInt(take()) : digits && Number(digits)
      const [space, digits] = [number(width) || 0, number(precision)]
      if (space > widest || (digits || 0) > widest) throw new ValueError(`${whole} is too wide`)
      const places = digits === undefined || digits === '' ? undefined : digits
      return pad(oneValue(verb, flags, places, take()), flags, space, verb)
    },
  )
  if (next < values.length) throw new ValueError(`${values.length - next} more values than the format takes`)
  return text
}

function oneValue(verb: string, flags: string, digits: number | undefined, value: Value): string {
  const sign = (number: number) => (flags.includes('+') && number >= 0 ? '+' : '')
  const whole = (base: number) => sign(needInt(value)) + needInt(value).toString(base)
  switch (verb) {
    case 'v':
      return isNothing(value) ? '<nil>' : textOf(value)
    case 's':
      return digits === undefined ? textOf(value) : [...textOf(value)].slice(0, digits).join('')
    case 'q':
      return quoteText(textOf(value))
    case 'd':
      return whole(10)
    case 'x':
      return `${flags.includes('#') ? '0x' : ''}${whole(16)}`
    case 'X':
      return oneValue('x', flags, digits, value).toUpperCase()
    case 'o':
      return whole(8)
    case 'b':
      return whole(2)
    case 'c':
      return String.fromCodePoint(needInt(value))
    case 'f':
    case 'F':
      return sign(needNumber(value)) + needNumber(value).toFixed(Math.min(digits ?? 6, 100))
    case 'e':
      return exponent(needNumber(value).toExponential(Math.min(digits ?? 6, 100)))
    case 'g':
      return String(needNumber(value))
    case 't':
      if (typeof value !== 'boolean') throw new ValueError(`%t needs true or false, not a ${kindOf(value)}`)
      return String(value)
    case 'T':
      return kindOf(value)
    default:
      throw new ValueError(`%${verb} is not known`)
  }
}

/** Go writes at least two digits. */
function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2')
}

function pad(text: string, flags: string, width: number, verb: string): string {
  if (flags.includes('-')) return text.padEnd(width)
  if (!flags.includes('0') || 'sqvT'.includes(verb)) return text.padStart(width)
  const [, sign = '', rest = text] = text.match(/^([+-])(.*)$/s) ?? []
  return sign + rest.padStart(width - sign.length, '0')
}

/** As a Go program would write it: `"…"` with escapes. */
export function quoteText(text: string): string {
  return JSON.stringify(text)
}
