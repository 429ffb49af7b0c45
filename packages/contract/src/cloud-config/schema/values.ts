import * as z from 'zod/mini'

/** Kinds of values that several blocks and modules of a cloud-config have. */
export const text = z.string()
export const list = z.array(text)
export const flag = z.optional(z.boolean())
export const number = z.number()
/** A text without anything in it is a slip of the pen. */
export const filled = text.check(z.minLength(1, 'must not be empty'))
/** Where the field takes any scalar and makes a text of it. */
export const Scalar = z.union([text, number, z.boolean()])
export const Scalars = z.record(text, Scalar)
/** Variables of an environment, as a list. */
export const Assignments = z.array(text.check(z.regex(/^[A-Za-z_]\w*=/, 'must be NAME=VALUE')))
export const Url = text.check(z.regex(/^https?:\/\/[^\s]+$/, 'must be an http or https address'))
export const pathText = text.check(z.regex(/^\/[^\0]*$/, 'must be an absolute path'))

/** A number is a mode as YAML read it (`0644` is octal there); a text holds octal digits. */
export const Mode = z.union([
  z.pipe(
    text.check(z.regex(/^(0o?)?[0-7]{1,4}$/, 'must be an octal mode such as "0644"')),
    z.transform((digits) => Number.parseInt(digits.replace(/^0o/, ''), 8)),
  ),
  z.number().check(z.minimum(0), z.maximum(0o7777, 'is not a file mode; write it as "0644"')),
])

/** A name or a number. */
export const Owner = z.union([text, z.number()])

export const encodings = ['', 'b64', 'base64', 'gz+b64', 'gz+base64', 'gzip+b64', 'gzip+base64'] as const

/** Keys that are known, and may hold anything. */
export function openKeys<K extends string>(keys: readonly K[]) {
  return Object.fromEntries(keys.map((key) => [key, z.optional(z.unknown())])) as Record<
    K,
    z.ZodMiniOptional<z.ZodMiniUnknown>
  >
}

const durationPattern = /^(\d{1,6})(s|m|h)$/
const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

/** Seconds: a number, or a time such as "5m". */
export const Duration = z.union([
  z.pipe(
    text.check(z.regex(durationPattern, 'must be a number of seconds, or a time such as "5m"')),
    z.transform((time) => {
      const [, amount, unit = 's'] = time.match(durationPattern) ?? []
      return Number(amount) * (unitSeconds[unit] ?? 1)
    }),
  ),
  z.int().check(z.positive('must be greater than 0')),
])
