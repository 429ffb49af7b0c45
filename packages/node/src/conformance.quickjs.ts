import { allCases } from './conformance.ts'
import type { Argv } from './host/host.ts'
import { quickJsHost } from './host/quickjs.ts'
import { std } from './host/quickjs-modules.ts'

/**
 * Runs the conformance cases on QuickJS: one JSON line per case, exit code 1 where one fails. `run PROGRAM …` runs that
 * program instead, for a test that ends this one meanwhile.
 */
const host = quickJsHost()
const [word, ...program] = host.args
std.exit(word === 'run' ? host.run(program as unknown as Argv).code : runCases())

function runCases(): number {
  const base = `${host.env('TMPDIR') ?? '/tmp'}/kiln-conformance.${Math.floor(host.uptime() * 1000)}`
  let failed = 0
  host.mkdir(base, { recursive: true, mode: 0o700 })
  for (const [index, { name, run }] of allCases.entries()) {
    const folder = `${base}/${index}`
    host.mkdir(folder)
    let error: string | undefined
    try {
      run(host, folder)
    } catch (thrown) {
      error = String(thrown)
      failed++
    }
    host.print(`${JSON.stringify({ case: name, ok: error === undefined, ...(error ? { error } : {}) })}\n`)
  }
  host.remove(base, { recursive: true })
  return failed === 0 ? 0 : 1
}
