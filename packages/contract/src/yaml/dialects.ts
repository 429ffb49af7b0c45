import {
  CORE_SCHEMA,
  defineMappingTag,
  defineScalarTag,
  defineSequenceTag,
  mapTag,
  mergeTag,
  NOT_RESOLVED,
  type Schema,
  seqTag,
} from 'js-yaml'

/** `kiln` is YAML 1.2. `cloud-config` is what the field's files are read with: Go's yaml.v3. */
export type Dialect = 'kiln' | 'cloud-config'

const digits = [...'0123456789']
const signs = ['+', '-']

/**
 * Go's integers: underscores between digits, `0x`, `0b`, `0o`, and `0644` is octal. One that a double cannot hold stays a text,
 * so that no digit of it is lost.
 */
const goInteger = defineScalarTag<number | string>('tag:yaml.org,2002:int', {
  implicit: true,
  implicitFirstChars: [...signs, ...digits],
  resolve: (source) => {
    const [, sign = '', number = ''] = source.replaceAll('_', '').match(/^([+-]?)([0-9a-z]+)$/i) ?? []
    const value = wholeNumber(number.toLowerCase())
    if (!/^[+-]?[0-9]/.test(source) || Number.isNaN(value)) return NOT_RESOLVED
    if (!Number.isSafeInteger(value) && String(value) !== number) return source
    return sign === '-' && value !== 0 ? -value : value
  },
  identify: () => false,
})

function wholeNumber(text: string): number {
  if (/^0x[0-9a-f]+$|^0b[01]+$|^0o[0-7]+$/.test(text)) return Number(text)
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8)
  return /^(0|[1-9][0-9]*)$/.test(text) ? Number(text) : Number.NaN
}

const special: Readonly<Record<string, number>> = {
  '.inf': Number.POSITIVE_INFINITY,
  '+.inf': Number.POSITIVE_INFINITY,
  '-.inf': Number.NEGATIVE_INFINITY,
  '.nan': Number.NaN,
}

/** Go's fractions; one that is too large for a double is a text, as there. */
const goFraction = defineScalarTag('tag:yaml.org,2002:float', {
  implicit: true,
  implicitFirstChars: [...signs, ...digits, '.'],
  resolve: (source) => {
    if (/^[+-]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$/.test(source)) return special[source.toLowerCase()] ?? 0
    const plain = /^[+-]?[0-9]/.test(source) ? source.replaceAll('_', '') : source
    const isFraction = /^[+-]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)(e[+-]?[0-9]+)?$/i.test(plain)
    return isFraction && Number.isFinite(Number(plain)) ? Number(plain) : NOT_RESOLVED
  },
  identify: () => false,
})

/** `!!binary`: texts only, for a value of a cloud-config is one. */
const goBinary = defineScalarTag('tag:yaml.org,2002:binary', {
  resolve: (source) => {
    const bytes = bytesOf(source.replace(/\s/g, ''))
    try {
      return decodeURIComponent(bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''))
    } catch {
      return NOT_RESOLVED
    }
  },
  identify: () => false,
})

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** What is no base64 gives a byte that is no text. */
function bytesOf(base64: string): number[] {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) return [0xff]
  const letters = base64.replace(/=+$/, '')
  const bytes: number[] = []
  for (let at = 0; at < letters.length; at += 4) {
    const group = letters.slice(at, at + 4)
    const bits = [...group.padEnd(4, 'A')].reduce((sum, letter) => sum * 64 + alphabet.indexOf(letter), 0)
    bytes.push(...[bits >> 16, (bits >> 8) & 0xff, bits & 0xff].slice(0, group.length - 1))
  }
  return bytes
}

/** A tag of which Go knows nothing leaves a text, a map or a list as it is; so does `!!timestamp` here. */
const other = { matchByTagPrefix: true, identify: () => false } as const
const otherTags = [
  defineScalarTag('', { ...other, resolve: (source) => source }),
  defineMappingTag('', { ...mapTag, ...other }),
  defineSequenceTag('', { ...seqTag, ...other }),
]

/** Besides those of the printer, which have the same names. */
export const numbersOfGo = [goInteger, goFraction].map((tag) =>
  defineScalarTag<unknown>(`${tag.tagName}-of-go`, {
    implicit: true,
    implicitFirstChars: tag.implicitFirstChars,
    resolve: tag.resolve,
    identify: () => false,
  }),
)

export const schemas: Readonly<Record<Dialect, Schema>> = {
  kiln: CORE_SCHEMA,
  'cloud-config': CORE_SCHEMA.withTags(goInteger, goFraction, goBinary, mergeTag, ...otherTags),
}
