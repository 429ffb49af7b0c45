import { readFileSync } from 'node:fs'
import { errorFromFindings, KilnError } from '@kiln/contract'
import { parseFacts } from '@kiln/contract/cloud-config/facts'
import { factsFromFile, noMachine, type StageFacts } from '@kiln/node/cloud-config/plan/facts'
import { nodeTemplates } from '@kiln/node/cloud-config/plan/node-facts'
import { nodeHost } from '@kiln/node/host/node'
import { Option } from 'commander'

export function forOption(): Option {
  return new Option('--for <file>', 'facts of the machine, as kiln-agent facts prints them')
}

/** @param file with facts; without one everything is empty. @throws KilnError */
export function machineFacts(file: string | undefined): StageFacts {
  const templates = nodeTemplates(nodeHost())
  if (file === undefined) return factsFromFile(noMachine, templates)
  const result = parseFacts(readText(file), file)
  if ('findings' in result) throw errorFromFindings(result.findings)
  return factsFromFile(result.document.value, templates)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new KilnError('E-CONFIG-UNREADABLE', `${file} cannot be read: ${(error as Error).message}`, {
      place: { file },
    })
  }
}
