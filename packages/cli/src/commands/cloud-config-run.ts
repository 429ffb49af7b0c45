import { readFileSync, statSync } from 'node:fs'
import { errorFromFindings, KilnError, suggest } from '@kiln/contract'
import { type MachineFacts, parseFacts } from '@kiln/contract/cloud-config/facts'
import { parseCloudConfig } from '@kiln/contract/cloud-config/parse'
import { settableStages } from '@kiln/contract/cloud-config/schema/stage-names'
import { factsFromFile, noMachine } from '@kiln/node/cloud-config/plan/facts'
import { nodeTemplates } from '@kiln/node/cloud-config/plan/node-facts'
import { planStage, type StageSource } from '@kiln/node/cloud-config/plan/plan-stage'
import { impossibleIn, planData, planLines } from '@kiln/node/cloud-config/plan/plan-view'
import { configFiles } from '@kiln/node/cloud-config/sources'
import { type AnyStage, phasesOf } from '@kiln/node/cloud-config/stages'
import { nodeHost } from '@kiln/node/host/node'
import type { Command } from 'commander'
import { example, jsonOption } from '../options.ts'
import type { Done } from '../program.ts'
import { type Outcome, runCommand, type Session } from '../session.ts'

interface RunOptions {
  readonly plan: string
  readonly for?: string
  readonly json?: boolean
}

export function addCloudConfigRunCommand(parent: Command, session: Session, done: Done): void {
  const command = parent
    .command('run')
    .summary('show what a stage would do on a machine')
    .description(
      'Shows, in their order, exactly the operations that a stage of these cloud-configs would do on a machine with the ' +
        'given facts. Does none of them. Exit code 3 where a file is wrong, or where something could not be done.',
    )
    .argument('<FILE...>', 'cloud-configs, or folders of them, in the order in which they act')
    .requiredOption('--plan <stage>', 'the stage: boot, initramfs, network, after-install …')
    .option('--for <file>', 'facts of the machine, as kiln-agent facts prints them')
    .addOption(jsonOption())
    .action(async (files: readonly string[], options: RunOptions) => {
      done(await runCommand(session, options, async () => plan(files, options)))
    })
  example(
    command,
    'kiln cloud-config run --plan boot cloud-config.yaml',
    'kiln cloud-config run --plan boot --for node.yaml /oem --json',
  )
}

/** @throws KilnError E-USAGE, E-CLOUD-CONFIG and those of wrong documents */
function plan(paths: readonly string[], options: RunOptions): Outcome {
  const stage = stageNamed(options.plan)
  const host = nodeHost()
  const sources = paths.flatMap((path) => filesOf(path)).map(readSource)
  const machine = options.for === undefined ? noMachine : readFacts(options.for)
  const facts = factsFromFile(machine, nodeTemplates(host))
  const steps = phasesOf(stage).flatMap((phase) => planStage(sources, phase, facts))
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

function filesOf(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) throw new KilnError('E-CLOUD-CONFIG', `${path} is not there`)
  return stat.isDirectory() ? configFiles(nodeHost(), { path, recursive: true }) : [path]
}

function readSource(file: string): StageSource {
  const result = parseCloudConfig(readFileSync(file, 'utf8'), file)
  if (result.kind === 'parsed')
    return { file, config: result.document.value, placeOf: result.document.placeOf }
  if (result.kind === 'invalid') throw errorFromFindings(result.findings)
  throw new KilnError('E-CLOUD-CONFIG', `${file} has no #cloud-config header, so a node would not read it`, {
    hint: 'make "#cloud-config" its first line',
  })
}

function readFacts(file: string): MachineFacts {
  const result = parseFacts(readFileSync(file, 'utf8'), file)
  if ('findings' in result) throw errorFromFindings(result.findings)
  return result.document.value
}
