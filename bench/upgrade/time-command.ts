/** `time-command.ts TIMES PROGRAM [ARGS…]`: prints how long each run took, in microseconds. */
import { spawnSync } from 'node:child_process'

const [times = '1', program = 'true', ...args] = process.argv.slice(2)
for (let run = 0; run < Number(times); run++) {
  const start = performance.now()
  const { status } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`${program} ended with ${status}`)
  process.stdout.write(`${Math.round((performance.now() - start) * 1000)}\n`)
}
