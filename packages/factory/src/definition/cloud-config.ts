import { readFileSync } from 'node:fs'
import { errorFromFindings, type Finding, readDocument } from '@kiln/contract'
import * as z from 'zod'

/** The header may stand below comments and blank lines, but not further down than this: the field's rule. */
const headerLines = 10

/**
 * What can be said about a cloud-config without running it: its header, and that it is YAML with a map at the top.
 * Its keys are judged by the engine on the node.
 */
export function cloudConfigFindings(file: string): Finding[] {
  const text = readText(file)
  if (typeof text !== 'string') return [text]
  const head = text.split(/\r?\n/).slice(0, headerLines)
  if (!head.some((line) => line.trimEnd() === '#cloud-config')) {
    return [
      {
        code: 'E-CLOUD-CONFIG',
        message: `${file} has no #cloud-config header, so a node would not read it`,
        place: { file, line: 1, column: 1 },
        hint: 'make "#cloud-config" its first line',
      },
    ]
  }
  const result = readDocument(z.looseObject({}), text, file)
  if ('document' in result) return []
  return result.findings.map((finding) => ({ ...finding, code: 'E-CLOUD-CONFIG' }))
}

/** @throws KilnError E-CLOUD-CONFIG with all findings */
export function checkCloudConfig(file: string): void {
  const [first, ...rest] = cloudConfigFindings(file)
  if (first) throw errorFromFindings([first, ...rest])
}

function readText(file: string): string | Finding {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const message = `the cloud-config ${file} cannot be read: ${(error as Error).message}`
    return { code: 'E-CLOUD-CONFIG', message, place: { file } }
  }
}
