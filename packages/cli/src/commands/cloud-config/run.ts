import { KilnError, suggest } from '@kiln/contract'
import { settableStages } from '@kiln/contract/cloud-config/schema/stage-names'
import { planStage } from '@kiln/node/cloud-config/plan/plan-stage'
import { impossibleIn, planData, planLines } from '@kiln/node/cloud-config/plan/plan-view'
import { stageSources } from '@kiln/node/cloud-config/stage-sources'
import { type AnyStage, phasesOf } from '@kiln/node/cloud-config/stages'
import { errorOf, headerErrors, type InputOptions, readInputs } from '../../cloud-config/inputs.ts'
import { forOption, machineFacts } from '../../cloud-config/machine.ts'
import { filesArgument, withInputs } from '../../cloud-config/options.ts'
import { example } from '../../options.ts'
import { type Outcome, runCommand, type Session } from '../../session.ts'
import type { AddSubcommand } from './index.ts'

interface RunOptions extends InputOptions {
  readonly plan: string
  readonly for?: string
}

export const addRun: AddSubcommand = (parent, session, done) => {
  const command = parent
    .command('run')
    .summary('show what a stage would do on a machine')
    .description(
      'Shows, in their order, exactly the operations that a stage of these cloud-configs would do on a machine with the ' +
        'given facts. Does none of them. Exit code 3 where a file is wrong, or where something could not be done.',
    )
    .argument('[FILES...]', filesArgument)
    .requiredOption('--plan <stage>', 'the stage: boot, initramfs, network, after-install …')
    .addOption(forOption())
  withInputs(command).action(async (files: readonly string[], options: RunOptions) => {
    done(await runCommand(session, options, () => plan(session, files, options)))
  })
  example(
    command,
    'kiln cloud-config run --plan boot cloud-config.yaml',
    'kiln cloud-config run --plan boot --for node.yaml /oem --json',
  )
}

/** @throws KilnError E-USAGE, E-CLOUD-CONFIG and those of wrong documents */
async function plan(session: Session, files: readonly string[], options: RunOptions): Promise<Outcome> {
  const stage = stageNamed(options.plan)
  const { sources, collected } = await readInputs(session, files, options)
  const wrong = errorOf([...collected.errors, ...headerErrors(collected.sources)])
  if (wrong) throw wrong
  const facts = machineFacts(options.for)
  const { lenient = false, providerBlock = [] } = options
  const read = stageSources(sources, { lenient, providerBlocks: providerBlock })
  const steps = phasesOf(stage).flatMap((phase) => planStage(read.sources, phase, facts))
  const [first, ...more] = impossibleIn(steps)
  return {
    result: planData({ stage, steps }),
    lines: planLines({ stage, steps }),
    ...(first === undefined ? {} : { error: new KilnError('E-CLOUD-CONFIG', [first, ...more].join('\n')) }),
  }
}

function stageNamed(name: string): AnyStage {
  const stage = settableStages.find((known) => known === name)
  if (stage !== undefined) return stage as AnyStage
  const meant = suggest(name, settableStages)
  throw new KilnError('E-USAGE', `there is no stage ${name}`, {
    hint: meant === undefined ? `stages are ${settableStages.join(', ')}` : `did you mean ${meant}?`,
  })
}
