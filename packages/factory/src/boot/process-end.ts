import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

type Cleanup = () => void

const cleanups = new Set<Cleanup>()
const deadlySignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs a cleanup when this process ends, by itself or by a signal. It must be synchronous and must not throw.
 * @returns a function that takes it back
 */
export function atProcessEnd(cleanup: Cleanup): () => void {
  if (cleanups.size === 0) listen()
  cleanups.add(cleanup)
  return () => {
    if (cleanups.delete(cleanup) && cleanups.size === 0) stopListening()
  }
}

/** A private folder that goes away with `remove`, or at the latest with this process. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'kiln-vm-'))
  const removeFiles = () => rmSync(path, { recursive: true, force: true })
  const takeBack = atProcessEnd(removeFiles)
  return {
    path,
    remove() {
      removeFiles()
      takeBack()
    },
  }
}

function listen() {
  process.on('exit', runAll)
  for (const signal of deadlySignals) process.on(signal, onSignal)
}

function stopListening() {
  process.off('exit', runAll)
  for (const signal of deadlySignals) process.off(signal, onSignal)
}

function runAll() {
  for (const cleanup of cleanups) cleanup()
}

function onSignal(signal: NodeJS.Signals) {
  // Somebody else listens, too: the command line turns the signal into an abort and ends things in order.
  if (process.listenerCount(signal) > 1) return
  runAll()
  stopListening()
  process.kill(process.pid, signal)
}
