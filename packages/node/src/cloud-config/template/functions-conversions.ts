import { utf8Bytes } from '@kiln/contract'
import { printYamlText } from '@kiln/contract/yaml/print'
import { valueOfYaml } from '@kiln/contract/yaml/read'
import { decodeBase64, encodeBase64, utf8Text } from '../base64.ts'
import { formatTime } from './format-time.ts'
import type { Call } from './functions.ts'
import type { TemplateHost } from './host.ts'
import { needInt, needNumber, needText, type Value, ValueError } from './values.ts'

/** Encodings, digests, chance and the clock. */
export const conversions: Readonly<Record<string, Call>> = {
  b64enc: ([text]) => encodeBase64(utf8Bytes(needText(text))),
  b64dec: ([text]) => {
    try {
      return utf8Text(decodeBase64(needText(text)))
    } catch (error) {
      throw new ValueError((error as Error).message)
    }
  },
  sha1sum: ([text], host) => digestOf('sha1', text, host),
  sha256sum: ([text], host) => digestOf('sha256', text, host),
  sha512sum: ([text], host) => digestOf('sha512', text, host),
  toJson: ([value]) => JSON.stringify(value ?? null),
  mustToJson: ([value]) => JSON.stringify(value ?? null),
  toPrettyJson: ([value]) => JSON.stringify(value ?? null, undefined, 2),
  toRawJson: ([value]) => JSON.stringify(value ?? null),
  fromJson: ([text]) => {
    try {
      return JSON.parse(needText(text)) as Value
    } catch {
      throw new ValueError('the text is not JSON')
    }
  },
  toYaml: ([value]) => printYamlText(value ?? null).trimEnd(),
  fromYaml: ([text]) => {
    try {
      return valueOfYaml(needText(text)) as Value
    } catch {
      throw new ValueError('the text is not YAML')
    }
  },
  urlquery: ([text]) => encodeURIComponent(needText(text)).replaceAll('%20', '+'),
  html: ([text]) => needText(text).replace(/[<>&'"]/g, (char) => `&#${char.charCodeAt(0)};`),
  js: ([text]) => JSON.stringify(needText(text)).slice(1, -1).replaceAll("'", "\\'"),
  uuidv4: (_, host) => uuid(host),
  randAlphaNum: ([count], host) => randomText(count, letters + digits, host),
  randAlpha: ([count], host) => randomText(count, letters, host),
  randNumeric: ([count], host) => randomText(count, digits, host),
  randAscii: ([count], host) => randomText(count, ascii, host),
  now: (_, host) => host.now(),
  unixEpoch: ([time]) => Math.floor(needNumber(time) / 1000),
  date: ([layout, time]) => formatTime(needText(layout), needNumber(time)),
}

function digestOf(algorithm: 'sha1' | 'sha256' | 'sha512', text: Value, host: TemplateHost): string {
  const known = needText(text)
  try {
    return host.digest(algorithm, known)
  } catch (error) {
    throw new ValueError(error instanceof Error ? error.message : String(error))
  }
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const digits = '0123456789'
const ascii = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('')
const longest = 10_000

function randomText(count: Value, alphabet: string, host: TemplateHost): string {
  const length = needInt(count)
  if (length < 0 || length > longest) throw new ValueError(`${length} is no length`)
  return Array.from({ length }, () => alphabet[host.random(alphabet.length)]).join('')
}

/** RFC 9562, version 4. */
function uuid(host: TemplateHost): string {
  return 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, (place) =>
    (place === 'x' ? host.random(16) : 8 + host.random(4)).toString(16),
  )
}
