import { KilnError } from '@kiln/contract'
import { sayLastWords } from './last-words.ts'
import { runProgram } from './program.ts'

const interrupted = new AbortController()

/** Wrappers such as timeout and npm pass an interrupt on to a program that got it already: that is no second one. */
const sameInterruptMs = 500
let interruptedAt = 0

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)

function interrupt(): void {
  if (interrupted.signal.aborted) {
    if (performance.now() - interruptedAt > sameInterruptMs) process.exit(130)
    return
  }
  interruptedAt = performance.now()
  interrupted.abort(
    new KilnError('E-INTERRUPTED', 'interrupted', {
      hint: 'what was finished is kept; the same command goes on from there',
    }),
  )
}

// A reader that has seen enough, such as head, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  throw error
})

const args = process.argv.slice(2)
const { env, stdout, stderr, stdin } = process
const session = { env, stdout, stderr, stdin, signal: interrupted.signal }
sayLastWords(process, session, args.includes('--json'))
process.exitCode = await runProgram(args, session)
