import { type ParsedDocument, readDocument } from '../document.ts'
import type { Finding } from '../error.ts'
import { CloudConfig, laterBlocks } from './schema/cloud-config.ts'

const headers = ['#cloud-config', '#kairos-config', '#node-config']
const headerLines = 10

export type CloudConfigResult =
  | {
      readonly kind: 'parsed'
      readonly document: ParsedDocument<CloudConfig>
      readonly warnings: readonly string[]
    }
  /** Not a cloud-config; it may be anything. */
  | { readonly kind: 'no-header' }
  | { readonly kind: 'invalid'; readonly findings: readonly [Finding, ...Finding[]] }

/** Whether one of the first ten lines says that this is a cloud-config. */
export function hasHeader(text: string): boolean {
  return text
    .split('\n', headerLines)
    .some((line) => headers.some((header) => line.trimEnd() === header || line.startsWith(`${header} `)))
}

/**
 * Reads and checks one cloud-config.
 * @param file name for places; nothing is read from it
 */
export function parseCloudConfig(text: string, file: string): CloudConfigResult {
  if (!hasHeader(text)) return { kind: 'no-header' }
  const result = readDocument(CloudConfig, text, file, { dialect: 'cloud-config' })
  if ('findings' in result) return { kind: 'invalid', findings: result.findings }
  const { document } = result
  const unused = laterBlocks.filter((key) => document.value[key] !== undefined)
  const sudo = (document.value.users ?? []).some((user) => user.sudo !== undefined)
  return {
    kind: 'parsed',
    document,
    warnings: [
      ...unused.map((key) => `"${key}" is not yet supported here and has no effect`),
      ...(sudo ? ['"sudo" has no effect; put the user into the group admin or sudo'] : []),
    ],
  }
}
