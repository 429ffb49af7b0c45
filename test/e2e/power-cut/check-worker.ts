/** Checks the cuts of one record in a thread of its own: see check-apart.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { checkEveryCut } from './check.ts'

const { log, base, options } = workerData
parentPort?.postMessage(await checkEveryCut(log, base, options))
