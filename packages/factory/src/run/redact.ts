/**
 * Takes secrets out of text that leaves the build: passwords in addresses, authorization headers, private keys.
 * Programs print such things when they fail.
 */
export function redactText(text: string): string {
  return patterns.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text)
}

/** The same for every text in plain data. */
export function redactData<T>(data: T): T {
  if (typeof data === 'string') return redactText(data) as T
  if (Array.isArray(data)) return data.map(redactData) as T
  if (typeof data !== 'object' || data === null) return data
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, redactData(value)])) as T
}

export const redacted = '[redacted]'

const patterns: readonly (readonly [RegExp, string])[] = [
  // The last @ of the authority ends the credentials, whatever stands before it.
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#"'<>]*@/gi, `$1${redacted}@`],
  [/\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?)[^\r\n"']+/gi, `$1${redacted}`],
  [/\b((?:bearer|basic)\s+)[a-z0-9+/_~.=-]{8,}/gi, `$1${redacted}`],
  [
    /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?)-----[\s\S]*?(?:-----END \1-----|$)/g,
    `-----BEGIN $1----- ${redacted}`,
  ],
]
