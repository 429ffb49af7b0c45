import { formatPlace } from '@kiln/contract'
import { parseCloudConfig } from '@kiln/contract/cloud-config/parse'
import { type Host, HostError } from '../host/host.ts'
import type { StageSource } from './plan/plan-stage.ts'
import { configFiles, type SourceFolder } from './sources.ts'

export interface ReadSources {
  readonly sources: readonly StageSource[]
  /** Files that are left out, and why. */
  readonly broken: readonly { readonly file: string; readonly errors: readonly string[] }[]
  readonly warnings: readonly string[]
  /** What was read, so that it need not be understood once more. */
  readonly texts: ReadonlyMap<string, ReadFile>
}

interface ReadFile extends SourceResult {
  readonly text: string | undefined
}

/**
 * The cloud-configs of a stage, in the order in which they act. One that is not understood is left out alone.
 * @param before what an earlier look gave; a file with the same text is not read again
 */
export function readStageSources(
  host: Host,
  folders: readonly SourceFolder[],
  before?: ReadSources,
): ReadSources {
  const files = folders.flatMap((folder) => configFiles(host, folder))
  const texts = new Map(files.map((file) => [file, readSource(host, file, before?.texts.get(file))]))
  const read = [...texts].map(([file, result]) => ({ file, ...result }))
  return {
    sources: read.flatMap(({ source }) => source ?? []),
    broken: read.flatMap(({ file, errors }) => (errors.length > 0 ? [{ file, errors }] : [])),
    warnings: read.flatMap(({ file, warnings }) => warnings.map((warning) => `${file}: ${warning}`)),
    texts,
  }
}

interface SourceResult {
  readonly source?: StageSource
  readonly warnings: readonly string[]
  readonly errors: readonly string[]
}

function readSource(host: Host, file: string, before: ReadFile | undefined): ReadFile {
  let text: string
  try {
    text = host.readText(file)
  } catch (error) {
    if (error instanceof HostError) return { text: undefined, errors: [error.message], warnings: [] }
    throw error
  }
  return before?.text === text ? before : { text, ...parseSource(text, file) }
}

/** @param file name for places */
export function parseSource(text: string, file: string): SourceResult {
  const result = parseCloudConfig(text, file)
  if (result.kind === 'no-header') {
    return { errors: [], warnings: ['no #cloud-config in its first 10 lines, so it is left out'] }
  }
  if (result.kind === 'parsed') {
    const { value, placeOf } = result.document
    return { source: { file, config: value, placeOf }, warnings: result.warnings, errors: [] }
  }
  const errors = result.findings.map(({ message, place, hint }) =>
    [place ? formatPlace(place) : file, message, hint].filter(Boolean).join(': '),
  )
  return { errors, warnings: [] }
}
