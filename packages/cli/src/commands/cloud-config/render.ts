import { plainOf } from '@kiln/contract/cloud-config/tree'
import { printConfig } from '@kiln/node/cloud-config/print'
import { renderConfig } from '@kiln/node/cloud-config/render'
import { errorOf, type InputOptions, readInputs } from '../../cloud-config/inputs.ts'
import { forOption, machineFacts } from '../../cloud-config/machine.ts'
import { filesArgument, withInputs } from '../../cloud-config/options.ts'
import { example } from '../../options.ts'
import { findingData } from '../../report/error.ts'
import { type Outcome, runCommand, type Session } from '../../session.ts'
import type { AddSubcommand } from './index.ts'

interface RenderOptions extends InputOptions {
  readonly for?: string
}

export const addRender: AddSubcommand = (parent, session, done) => {
  const command = parent
    .command('render')
    .summary('print the final configuration of a machine')
    .description(
      'Prints what cloud-configs come to on a machine with the given facts: merged, and with its templates filled in. A ' +
        'template that cannot be filled in stays and is told; the exit code is 3 then.',
    )
    .argument('[FILES...]', filesArgument)
    .addOption(forOption())
  withInputs(command).action(async (files: string[], options: RenderOptions) => {
    done(await runCommand(session, options, () => render(session, files, options)))
  })
  example(command, 'kiln cloud-config render --for node.yaml config.yaml')
}

async function render(session: Session, files: readonly string[], options: RenderOptions): Promise<Outcome> {
  const facts = machineFacts(options.for)
  const { collected } = await readInputs(session, files, options)
  const { tree, errors } = renderConfig(collected.tree, facts)
  const all = [...collected.errors, ...errors]
  const error = errorOf(all)
  return {
    result: { config: plainOf(tree), findings: all.map(findingData) },
    lines: printConfig({ tree, sources: collected.sources }).trimEnd().split('\n'),
    ...(error ? { error } : {}),
  }
}
