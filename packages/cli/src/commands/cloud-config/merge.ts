import { plainOf } from '@kiln/contract/cloud-config/tree'
import { printConfig } from '@kiln/node/cloud-config/print'
import { errorOf, type InputOptions, readInputs } from '../../cloud-config/inputs.ts'
import { filesArgument, withInputs } from '../../cloud-config/options.ts'
import { tellWarnings } from '../../cloud-config/view.ts'
import { example } from '../../options.ts'
import { findingData } from '../../report/error.ts'
import { type Outcome, runCommand, type Session } from '../../session.ts'
import type { AddSubcommand } from './index.ts'

export const addMerge: AddSubcommand = (parent, session, done) => {
  const command = parent
    .command('merge')
    .summary('print one cloud-config made of several')
    .description(
      'Prints what several cloud-configs come to, as a cloud-config with the list of its sources. Maps are merged key by ' +
        'key, lists stand one behind the other, a later value takes the place of an earlier one, and null takes one back. ' +
        'What is wrong is left out and told; the exit code is 3 then.',
    )
    .argument('[FILES...]', filesArgument)
  withInputs(command).action(async (files: string[], options: InputOptions) => {
    done(await runCommand(session, options, () => mergeAll(session, files, options)))
  })
  example(command, 'kiln cloud-config merge base.yaml site.yaml', 'kiln cloud-config merge /system/oem /oem')
}

async function mergeAll(session: Session, files: readonly string[], options: InputOptions): Promise<Outcome> {
  const { collected } = await readInputs(session, files, options)
  const { tree, sources, errors, warnings } = collected
  const ignored = warnings.filter(({ code }) => code === 'W-IGNORED')
  if (!options.json) tellWarnings(session, ignored)
  const error = errorOf(errors)
  return {
    result: {
      config: plainOf(tree),
      sources: sources.map(({ name, outcome }) => ({ name, outcome })),
      findings: errors.map(findingData),
    },
    lines: printConfig({ tree, sources }).trimEnd().split('\n'),
    ...(error ? { error } : {}),
  }
}
