import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DiskTerm, diskArtifactBytes, Payload, payloadCard } from '@kiln/contract'
import { imageBytes, layOutImage } from '../carriers/raw/layout.ts'
import type { Step, StepOf } from '../plan/step.ts'
import type { StepForecast } from './forecast.ts'
import { openStore } from './store.ts'

/** A disk that a build makes, and the sum that its size is. */
export interface DiskForecast {
  /** Id of the step that writes it. */
  readonly step: string
  readonly firmware: string
  /** Missing where the payload is to be made first: its size decides. */
  readonly layout?: {
    readonly terms: readonly DiskTerm[]
    /** The smallest disk that this fits on. Bytes. */
    readonly minimumBytes: number
    /** Files that this disk is in, with its size there. */
    readonly files: readonly { readonly file: string; readonly bytes: number }[]
  }
}

/**
 * The disks of a plan, as far as their sizes can be known before. Changes nothing.
 * @throws KilnError E-DISK-LAYOUT where a build would
 */
export async function forecastDisks(
  forecasts: readonly StepForecast[],
  cache: string,
): Promise<DiskForecast[]> {
  const steps = forecasts.map(({ step }) => step)
  const disks: DiskForecast[] = []
  for (const raw of steps.filter((step): step is StepOf<'raw'> => step.kind === 'raw')) {
    const payload = await knownPayload(raw.inputs.payload, forecasts, cache)
    const { firmware } = raw.params.disk
    disks.push({ step: raw.id, firmware, ...(payload ? { layout: layoutOf(raw, payload, steps) } : {}) })
  }
  return disks
}

async function knownPayload(
  id: string,
  forecasts: readonly StepForecast[],
  cache: string,
): Promise<Payload | undefined> {
  const key = forecasts.find(({ step }) => step.id === id)?.key
  const result = key === undefined ? undefined : await openStore(cache).find(key)
  return result && Payload.parse(JSON.parse(await readFile(join(result.folder, payloadCard), 'utf8')))
}

function layoutOf(
  raw: StepOf<'raw'>,
  payload: Payload,
  steps: readonly Step[],
): NonNullable<DiskForecast['layout']> {
  const plan = layOutImage(raw.params.disk, payload)
  const bytes = imageBytes(plan, raw.params.disk)
  const made = steps.filter(
    (step): step is StepOf<'disk'> => step.kind === 'disk' && step.inputs.raw === raw.id,
  )
  const packed = steps.filter((step) => step.kind === 'ova' && made.some(({ id }) => id === step.inputs.disk))
  return {
    terms: plan.explanation,
    minimumBytes: plan.minimumBytes,
    files: [
      { file: raw.params.file, bytes },
      ...made.map(({ params: { file, format } }) => ({ file, bytes: diskArtifactBytes(format, bytes) })),
      ...packed.flatMap((step) => (step.kind === 'ova' ? [{ file: step.params.file, bytes }] : [])),
    ],
  }
}
