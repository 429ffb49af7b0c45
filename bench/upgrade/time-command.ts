/**
 * `time-command.ts TIMES PROGRAM [ARGS…]`: prints how long each run took, in microseconds; last how much of a processor each
 * took on average.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const [times = '1', program = 'true', ...args] = process.argv.slice(2)
const runs = Number(times)
const before = processorMicroseconds()
for (let run = 0; run < runs; run++) {
  const start = performance.now()
  const { status } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`${program} ended with ${status}`)
  process.stdout.write(`${Math.round((performance.now() - start) * 1000)}\n`)
}
process.stdout.write(`${Math.round((processorMicroseconds() - before) / runs)}\n`)

/** Of all children that have ended. proc_pid_stat(5): cutime and cstime, in hundredths of a second. */
function processorMicroseconds(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  const [user = 0, system = 0] = fields.slice(13, 15).map(Number)
  return (user + system) * 10_000
}
