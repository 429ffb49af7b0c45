import { formatPlace } from '@kiln/contract'
import { parseCloudConfig } from '@kiln/contract/cloud-config/parse'
import type { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import { type Argv, type Host, HostError } from '../host/host.ts'
import { AccountError } from './accounts.ts'
import { type ModuleContext, ModuleError, runAction } from './modules/index.ts'
import { recordSteps, type StepRecord } from './records.ts'
import { configFiles, type SourceFolder } from './sources.ts'
import { type AnyStage, type StageName, type StageStep, stepsOf } from './stages.ts'

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
export function runStage(host: Host, stage: AnyStage, options: StageOptions): number {
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
    const { config, errors = [], warnings = [] } = readSource(host, file)
    if (config) sources.push({ file, config })
    // Every stage reads every file; saying it once is enough.
    if (stage === 'boot') for (const warning of warnings) warn(host, `${file}: ${warning}`)
    for (const error of errors) warn(host, error)
    if (errors.length > 0) records.push({ stage, source: file, step: 'read', ms: 0, ok: false, errors })
  }
  return { sources, records }
}

interface SourceResult {
  readonly config?: CloudConfig
  readonly warnings?: readonly string[]
  readonly errors?: readonly string[]
}

function readSource(host: Host, file: string): SourceResult {
  let text: string
  try {
    text = host.readText(file)
  } catch (error) {
    if (error instanceof HostError) return { errors: [error.message] }
    throw error
  }
  const result = parseCloudConfig(text, file)
  if (result.kind === 'parsed')
    return { config: result.document.value, warnings: result.warnings.map(({ message }) => message) }
  if (result.kind === 'no-header') {
    return { warnings: ['no #cloud-config in its first 10 lines, so it is left out'] }
  }
  return {
    errors: result.findings.map(({ message, place, hint }) =>
      [place ? formatPlace(place) : file, message, hint].filter(Boolean).join(': '),
    ),
  }
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

/** All actions of a step run, even if an earlier one failed. */
function attempt(body: () => void): string[] {
  try {
    body()
    return []
  } catch (error) {
    if (error instanceof ModuleError) return [...error.messages]
    if (error instanceof HostError || error instanceof AccountError) return [error.message]
    // Even a defect of ours must not keep the other steps from running: one of them may let the administrator in.
    return [`a defect in kiln-agent itself: ${String(error)}`]
  }
}

function warn(host: Host, text: string): void {
  host.printError(`kiln: ${text}\n`)
}
