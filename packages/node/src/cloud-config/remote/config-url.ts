import { parseDocument } from 'yaml'

/** What `config_url` says at the top of a cloud-config; undefined where it says nothing, or the text is no YAML. */
export function configUrlOf(text: string): string | undefined {
  // A quick look first: hardly any file has it, and none is read twice for nothing.
  if (!/(^|[\s{,"'])config_url["']?\s*:/.test(text)) return undefined
  try {
    const document = parseDocument(text, { logLevel: 'silent', merge: true })
    const url = document.errors.length > 0 ? undefined : document.toJS()?.config_url
    return typeof url === 'string' && url.trim() !== '' ? url.trim() : undefined
  } catch {
    return undefined
  }
}
