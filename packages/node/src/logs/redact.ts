/**
 * Takes secrets out of texts that leave the node. What looks like one goes, even where it is none: a bundle is sent to
 * strangers.
 */
const hidden = '(hidden)'

/** `password: x`, `K3S_TOKEN=x`, `"secret": "x"`; also where the name only ends like that. */
const named =
  /((?:pass(?:word|wd|phrase)?|token|secret|credentials?|api[_-]?key|private[_-]?key|auth|psk|identitytoken)["']?\s*[:=]\s*)(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s,}\]]+)/gi

const patterns: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // Keys and certificates' keys, whole.
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g, hidden],
  // A value that follows on indented lines (YAML's | and >), before the rule for values on the same line.
  [
    /^([ \t]*)([\w-]*(?:pass(?:word|wd)?|token|secret|key)[\w-]*["']?:[ \t]*)[|>][+-]?[ \t]*\n(?:\1[ \t]+.*(?:\n|$)|[ \t]*\n)+/gim,
    `$1$2${hidden}\n`,
  ],
  [named, `$1${hidden}`],
  // Options of programs: --password x, --token=x.
  [/(--(?:password|passwd|token|secret|api-key)[= ])\S+/gi, `$1${hidden}`],
  // crypt(5).
  [/\$(?:1|2[abxy]|5|6|y|gy|7)\$[./A-Za-z0-9$=,]+/g, hidden],
  [/\b((?:Bearer|Basic) +)[A-Za-z0-9._~+/=-]{8,}/gi, `$1${hidden}`],
  // Name and password in an address.
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/@:]+:[^\s/@]+@/gi, `$1${hidden}@`],
]

export function redact(text: string): string {
  return patterns.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text)
}
