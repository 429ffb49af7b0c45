import { KilnError } from '@kiln/contract'
import { runProgram } from './program.ts'

const interrupted = new AbortController()

process.on('SIGINT', () => {
  if (interrupted.signal.aborted) process.exit(130)
  interrupted.abort(
    new KilnError('E-INTERRUPTED', 'interrupted', {
      hint: 'what was finished is kept; the same command goes on from there',
    }),
  )
})

// A reader that has seen enough, such as head, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  throw error
})

process.exitCode = await runProgram(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  signal: interrupted.signal,
})
