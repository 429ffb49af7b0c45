import { schemas } from '@kiln/contract/yaml/dialects'
import { printYamlText } from '@kiln/contract/yaml/print'
import { loadAll } from 'js-yaml'
import { redacted, redactText } from './redact.ts'

/**
 * Takes the secrets out of a YAML document, such as a kiln.yaml or a cloud-config, and keeps its form: values of keys that
 * are called after secrets, what looks like one within texts, encoded contents, and all comments. Pure.
 * @returns undefined where it is no YAML, for then nobody knows what is in it
 */
export function redactDocument(text: string): string | undefined {
  if (text.trim() === '') return ''
  try {
    const documents = loadAll(text, { json: true, schema: schemas['cloud-config'] })
    const clean = documents.map((document) => printYamlText(redactValue('', document)))
    return head(text) + clean.join('---\n')
  } catch {
    return undefined
  }
}

/** The line that makes a cloud-config one. */
function head(text: string): string {
  return text.split('\n')[0]?.trimEnd() === '#cloud-config' ? '#cloud-config\n' : ''
}

/** @param name key under which the value stands */
function redactValue(name: string, value: unknown): unknown {
  if (isSecretName(name) && value !== null && typeof value !== 'boolean') return redacted
  if (typeof value === 'string') return isEncoded(name, value) ? redacted : redactWithin(value)
  if (Array.isArray(value)) return value.map((each) => redactValue('', each))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => [redactWithin(key), redactValue(key, inner)])
  return Object.fromEntries(entries)
}

function redactWithin(text: string): string {
  return redactAssignments(redactText(text))
}

const secretNames = /passw(?:or)?d|passphrase|passwd|secret|token|credential|api[-_]?key|auth(?:orization)?$/i
/** `key`, `private_key`, `ssh-key`, but not what is meant to be public. */
const keyNames = /(?:^|[-_. ])(?:private[-_. ]?)?keys?$/i
const publicNames = /public|authorized|^ssh[-_]?(?:authorized[-_]?)?keys?$|keyring|^import[-_]?id$/i

export function isSecretName(name: string): boolean {
  return !publicNames.test(name) && (secretNames.test(name) || keyNames.test(name))
}

/** `token=…`, `--password …`, `passwd: …` in a line of a script, a file or a command line. */
function redactAssignments(text: string): string {
  return text.replace(assignment, (whole, name: string, sign: string) =>
    isSecretName(name.replace(/^--?/, '')) ? `${name}${sign}${redacted}` : whole,
  )
}

const assignment =
  /((?:--?)?[A-Za-z][\w.-]{0,60})(["']?\s*[:=]\s*|(?<=--[\w.-]{1,62})\s+)("[^"]*"|'[^']*'|[^\s,;]+)/g

/** A content in base64 could be anything. */
function isEncoded(name: string, value: string): boolean {
  return /^(?:content|contents|data)$/i.test(name) && /^[A-Za-z0-9+/=\s]{24,}$/.test(value)
}
