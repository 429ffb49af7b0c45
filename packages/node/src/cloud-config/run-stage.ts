import { formatPlace } from '@kiln/contract'
import { type Argv, type Host, HostError } from '../host/host.ts'
import { AccountError } from './accounts.ts'
import { type ModuleContext, ModuleError, runAction } from './modules/index.ts'
import { parseCloudConfig } from './parse.ts'
import { recordSteps, type StepRecord } from './records.ts'
import type { CloudConfig, NodeStage } from './schema.ts'
import { configFiles, type SourceFolder } from './sources.ts'
import { type StageName, type StageStep, stepsOf } from './stages.ts'

export interface StageOptions {
  readonly sources: readonly SourceFolder[]
  /** What stands before every path that is read or written; empty on the node, a folder in tests. */
  readonly root: string
  /** The shell, without its `-c`. */
  readonly shell: Argv
}

interface Source {
  readonly file: string
  readonly config: CloudConfig
}

/**
 * Runs one stage: `X.before` of all sources, then `X`, then `X.after`. A step that fails is reported and recorded, and
 * stops no other; a source that is not understood is reported and left out.
 * @returns 0, or 1 where anything failed
 */
export function runStage(host: Host, stage: NodeStage, options: StageOptions): number {
  const { sources, records } = readSources(host, stage, options)
  const context: ModuleContext = {
    host,
    root: options.root,
    shell: options.shell,
    warn: (text) => warn(host, text),
  }
  for (const name of [`${stage}.before`, stage, `${stage}.after`] as const) {
    for (const source of sources) {
      for (const step of stepsOf(source.config, name)) records.push(runStep(context, name, source.file, step))
    }
  }
  recordSteps(host, options.root, records)
  return records.some(({ ok }) => !ok) ? 1 : 0
}

function readSources(
  host: Host,
  stage: StageName,
  options: StageOptions,
): { sources: Source[]; records: StepRecord[] } {
  const sources: Source[] = []
  const records: StepRecord[] = []
  for (const file of options.sources.flatMap((folder) => configFiles(host, folder))) {
    const result = parseCloudConfig(host.readText(file), file)
    if (result.kind === 'parsed') {
      for (const warning of result.warnings) warn(host, `${file}: ${warning}`)
      sources.push({ file, config: result.document.value })
    } else if (result.kind === 'no-header') {
      warn(host, `${file} has no #cloud-config in its first 10 lines and is left out`)
    } else {
      const errors = result.findings.map(({ message, place, hint }) =>
        [place ? formatPlace(place) : file, message, hint].filter(Boolean).join(': '),
      )
      for (const error of errors) warn(host, error)
      records.push({ stage, source: file, step: 'read', ms: 0, ok: false, errors })
    }
  }
  return { sources, records }
}

function runStep(context: ModuleContext, stage: StageName, source: string, step: StageStep): StepRecord {
  const { host } = context
  const start = host.uptime()
  const outcome = step.blocked ? { errors: [step.blocked] } : performStep(context, step)
  const ms = Math.round(host.uptime() - start)
  const ok = outcome.errors.length === 0
  const verdict = 'skipped' in outcome ? 'skipped' : ok ? 'ok' : 'failed'
  host.print(`kiln: ${stage}: ${step.name}: ${verdict} (${ms} ms, ${source})\n`)
  for (const error of outcome.errors) host.printError(`kiln: ${stage}: ${step.name}: ${error}\n`)
  return { stage, source, step: step.name, ms, ok, ...outcome }
}

function performStep(
  context: ModuleContext,
  step: StageStep,
): { readonly errors: string[]; readonly skipped?: true } {
  if (step.condition !== undefined) {
    const [program, ...rest] = context.shell
    const { code } = context.host.run([program, ...rest, '-c', step.condition])
    if (code !== 0) return { errors: [], skipped: true }
  }
  return { errors: step.actions.flatMap((action) => attempt(() => runAction(action, context))) }
}

/** All actions of a step run, even if an earlier one failed. Only expected errors are turned into a report. */
function attempt(body: () => void): string[] {
  try {
    body()
    return []
  } catch (error) {
    if (error instanceof ModuleError) return [...error.messages]
    if (error instanceof HostError || error instanceof AccountError) return [error.message]
    throw error
  }
}

function warn(host: Host, text: string): void {
  host.printError(`kiln: ${text}\n`)
}
