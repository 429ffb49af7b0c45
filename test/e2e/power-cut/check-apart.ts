import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { CheckOptions, checkEveryCut } from './check.ts'
import type { Report } from './report.ts'

/** As {@link checkEveryCut}, on another processor: rebuilding disks is work, and two firmwares are looked at side by side. */
export async function checkApart(
  log: string,
  base: string,
  options: Omit<CheckOptions, 'onCut'>,
): Promise<Report> {
  const data = { log, base, options }
  const worker = new Worker(new URL('./check-worker.ts', import.meta.url), { workerData: data })
  // An error in the worker rejects.
  const [report] = await once(worker, 'message')
  return report as Report
}
