import { readYamlText } from '@kiln/contract/yaml/read'

/** What `config_url` says at the top of a cloud-config; undefined where it says nothing, or the text is no YAML. */
export function configUrlOf(text: string): string | undefined {
  // A quick look first: hardly any file has it, and none is read twice for nothing.
  if (!/(^|[\s{,"'])config_url["']?\s*:/.test(text)) return undefined
  const result = readYamlText(text, 'cloud-config')
  const url = 'value' in result ? (result.value as { config_url?: unknown }).config_url : undefined
  return typeof url === 'string' && url.trim() !== '' ? url.trim() : undefined
}
