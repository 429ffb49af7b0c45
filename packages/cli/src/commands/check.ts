import { imageName, isKilnError } from '@kiln/contract'
import type { LoadedDefinition } from '@kiln/factory/definition/load'
import type { Command } from 'commander'
import { openDefinition } from '../definition.ts'
import { example, jsonOption } from '../options.ts'
import type { Done } from '../program.ts'
import { findingData } from '../report/error.ts'
import { type Outcome, runCommand, type Session } from '../session.ts'

interface CheckOptions {
  readonly json?: boolean
}

export function addCheckCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('check')
    .summary('check a kiln.yaml')
    .description(
      'Checks a kiln.yaml and the files it names, and reports everything that is wrong with them at once. ' +
        'With --json the result has a list of findings with ranges, for editors.',
    )
    .argument('[DIR]', 'folder of the kiln.yaml, or the file itself', '.')
    .addOption(jsonOption())
    .action(async (folder: string, options: CheckOptions) => {
      done(await runCommand(session, options, () => check(folder, options)))
    })
  example(command, 'kiln check examples/debian', 'kiln check --json | jq .result.findings')
}

async function check(folder: string, options: CheckOptions): Promise<Outcome> {
  try {
    return passed(await openDefinition(folder))
  } catch (error) {
    if (!options.json || !isKilnError(error) || error.findings.length === 0) throw error
    return { result: { valid: false, findings: error.findings.map(findingData) }, lines: [], error }
  }
}

function passed(loaded: LoadedDefinition): Outcome {
  const images = loaded.images.map(({ identity }) => imageName(identity))
  return {
    result: { valid: true, file: loaded.file, images, findings: [] },
    lines: [`${loaded.file} is valid:`, ...images.map((name) => `  ${name}`)],
  }
}
