import { hasHeader } from '@kiln/contract/cloud-config/parse'
import { isMime, mimeParts } from './mime.ts'

/** What a user gave to a machine, taken apart. */
export interface Userdata {
  readonly cloudConfigs: readonly string[]
  /** With their `#!`. */
  readonly scripts: readonly string[]
  /** What was there and is not used. */
  readonly notes: readonly string[]
}

/**
 * Takes user data apart: a cloud-config, a script, or a MIME message of them.
 * @param decode UTF-8 to text
 */
export function readUserdata(text: string, decode: (bytes: Uint8Array) => string): Userdata {
  if (!isMime(text)) return judge(text, 'user data')
  try {
    const all = mimeParts(text, decode).map((part, index) => ofPart(part.type, part.text, index + 1))
    return {
      cloudConfigs: all.flatMap((one) => one.cloudConfigs),
      scripts: all.flatMap((one) => one.scripts),
      notes: all.flatMap((one) => one.notes),
    }
  } catch (error) {
    return { cloudConfigs: [], scripts: [], notes: [`the MIME message ${(error as Error).message}`] }
  }
}

function ofPart(type: string, text: string, number: number): Userdata {
  const name = `part ${number} (${type})`
  if (type === 'text/cloud-config') {
    // The type says it already.
    return judge(hasHeader(text) ? text : `#cloud-config\n${text}`, name)
  }
  if (type === 'text/x-shellscript') return judge(text, name)
  if (type === 'text/plain') return judge(text, name)
  return unused(`${name} is of a type that is not supported`)
}

/** First lines of cloud-init's other formats, and what they are. */
const others: readonly (readonly [start: string, name: string])[] = [
  ['#include', 'a list of addresses (#include); use config_url'],
  ['#cloud-boothook', 'a boothook; use a stage'],
  ['#part-handler', 'a part handler'],
  ['#upstart-job', 'an upstart job'],
  ['#cloud-config-archive', 'an archive (#cloud-config-archive); use a MIME message'],
  ['{"ignition"', 'a configuration for Ignition'],
]

function judge(text: string, name: string): Userdata {
  if (text.trim() === '') return { cloudConfigs: [], scripts: [], notes: [] }
  const other = others.find(([start]) =>
    text
      .trimStart()
      .replace(/\s+(?=")/g, '')
      .startsWith(start),
  )
  if (other) return unused(`${name} is ${other[1]}`)
  if (text.startsWith('#!')) return { cloudConfigs: [], scripts: [text], notes: [] }
  if (hasHeader(text)) return { cloudConfigs: [text], scripts: [], notes: [] }
  return unused(`${name} is no cloud-config (no #cloud-config in its first 10 lines) and no script (#!)`)
}

function unused(note: string): Userdata {
  return { cloudConfigs: [], scripts: [], notes: [`${note}: not used`] }
}
