import { readFileSync } from 'node:fs'
import { errorFromFindings, type Finding } from '@kiln/contract'
import { checkCloudConfig as checkValues } from '@kiln/contract/cloud-config/checks'
import { parseCloudConfig } from '@kiln/contract/cloud-config/parse'
import { sourceOf } from '@kiln/contract/cloud-config/tree'

/** What can be said about a cloud-config without running it, by the same rules as on the node. */
export function cloudConfigFindings(file: string): Finding[] {
  const text = readText(file)
  if (typeof text !== 'string') return [text]
  const result = parseCloudConfig(text, file)
  if (result.kind === 'no-header') return [missingHeader(file)]
  if (result.kind === 'invalid') return result.findings.map(asOne)
  const { value, tree } = result.document
  return checkValues(value, sourceOf(tree)).errors.map(asOne)
}

/** The finer codes are those of kiln.yaml; who builds wants to know that it is the other file. */
function asOne(finding: Finding): Finding {
  return { ...finding, code: 'E-CLOUD-CONFIG' }
}

function missingHeader(file: string): Finding {
  return {
    code: 'E-CLOUD-CONFIG',
    message: `${file} has no #cloud-config header, so a node would not read it`,
    place: { file, line: 1, column: 1 },
    hint: 'make "#cloud-config" its first line',
  }
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
