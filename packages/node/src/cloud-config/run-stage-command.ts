import { settableStages } from '@kiln/contract/cloud-config/schema/stage-names'
import type { Command } from '../command.ts'
import type { Host } from '../host/host.ts'
import { isPullStage, pullAtStage } from './datasources/at-stage.ts'
import { gatherSources } from './gather.ts'
import { lateSources, noteSeen } from './late-sources.ts'
import { nodeFacts } from './plan/node-facts.ts'
import { planStage } from './plan/plan-stage.ts'
import { planData, planLines } from './plan/plan-view.ts'
import { runStage, type StageOptions } from './run-stage.ts'
import { type SourceFolder, sourcesOf } from './sources.ts'
import { readStageSources } from './stage-sources.ts'
import { type AnyStage, phasesOf } from './stages.ts'

type Flag = '--plan' | '--analyze' | '-a' | '--json'
type Value = '--cloud-init-paths' | '--override-cloud-init-paths'

export const runStageCommand: Command<Flag, Value> = {
  usage: `kiln-agent run-stage: acts on the cloud-configs of this node

  kiln-agent run-stage STAGE [--plan [--json]]

  STAGE                              rootfs, initramfs, fs, boot, network, reconcile, before-upgrade …
  --plan, --analyze, -a              only says what would be done
  --json                             the plan for programs
  --cloud-init-paths PATH            one more folder or file, after the others
  --override-cloud-init-paths PATH   only this one

  kiln-agent run-stage boot --plan

What ran, and what became of it: kiln-agent stages
`,
  flags: ['--plan', '--analyze', '-a', '--json'],
  values: ['--cloud-init-paths', '--override-cloud-init-paths'],
  words: 1,
  run: (host, { flags, values, words: [name] }) => {
    const stage = settableStages.find((known) => known === name) as AnyStage | undefined
    if (stage === undefined) {
      host.printError(`kiln-agent: run-stage takes one of: ${settableStages.join(', ')}\n`)
      return 2
    }
    const sources = foldersOf(values)
    const isPlan = (['--plan', '--analyze', '-a'] as const).some((flag) => flags.has(flag))
    if (isPlan) return showPlan(host, stage, sources, flags.has('--json'))
    const isOwn = values['--override-cloud-init-paths'] === undefined
    return isOwn ? act(host, stage, sources) : runStage(host, stage, { ...surroundings, sources })
  },
}

const surroundings = { root: '', shell: ['/bin/sh'] } as const

/** Stages begin with looking for user data. */
function act(host: Host, stage: AnyStage, folders: readonly SourceFolder[]): number {
  const options = { ...surroundings, sources: folders }
  if (stage === 'network') return actWithNetwork(host, options)
  if (isPullStage(stage)) pullAtStage(host, stage)
  if (stage === 'boot') noteSeen(host, gatherSources(host, { folders }))
  return runStage(host, stage, options)
}

/** Stages that are over when the network is up. */
const missed = ['initramfs', 'boot'] as const

/** What comes with the network, user data and what addresses lead to, has missed two stages: they are run for it alone. */
function actWithNetwork(host: Host, options: StageOptions): number {
  const { sources: folders } = options
  const before = gatherSources(host, { folders })
  pullAtStage(host, 'network')
  const gathered = gatherSources(host, { folders, network: true })
  const late = lateSources(host, before, gathered)
  noteSeen(host, gathered)
  const only = { ...gathered, sources: late, errors: [], warnings: [] }
  const codes = (late.length === 0 ? [] : missed).map((stage) =>
    runStage(host, stage, { ...options, gathered: only, only: true }),
  )
  return Math.max(...codes, runStage(host, 'network', { ...options, gathered }))
}

function foldersOf(values: Readonly<Partial<Record<Value, string>>>): SourceFolder[] {
  const only = values['--override-cloud-init-paths']
  const more = values['--cloud-init-paths']
  const named = (path: string | undefined) => (path === undefined ? [] : [{ path, recursive: true }])
  return only === undefined ? [...sourcesOf(''), ...named(more)] : named(only)
}

function showPlan(host: Host, stage: AnyStage, folders: readonly SourceFolder[], json: boolean): number {
  const { sources, broken } = readStageSources(host, { folders })
  for (const { errors } of broken) for (const error of errors) host.printError(`kiln-agent: ${error}\n`)
  const facts = nodeFacts(host, '')
  const plan = { stage, steps: phasesOf(stage).flatMap((phase) => planStage(sources, phase, facts)) }
  const text = json ? JSON.stringify(planData(plan), undefined, 2) : planLines(plan).join('\n')
  host.print(`${text}\n`)
  return broken.length > 0 ? 1 : 0
}
