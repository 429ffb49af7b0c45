/**
 * Runs the tests: `node test/run.ts [--all] [--unit] [--fuzz=N] [PATTERN…]`.
 *
 * Without options: checks, unit and property tests, and the scenarios in virtual machines that every change must pass.
 * `--all` adds the long ones (`*.long.e2e.ts`), `--unit` leaves the machines out, a pattern keeps files whose path has it.
 * `--fuzz=1000000` gives the readers of texts that many of them, instead of 100,000.
 * Prints what fails as it goes, and one closing line. A test that was skipped counts as failed: nothing is green unseen.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules/.bin', name)

interface Counts {
  passed: number
  failed: number
}

const options = new Set(process.argv.slice(2).filter((word) => word.startsWith('--')))
const patterns = process.argv.slice(2).filter((word) => !word.startsWith('--'))

const checks = [
  { name: 'format and lint', command: [bin('biome'), 'ci', '--error-on-warnings', root] },
  { name: 'types', command: [bin('tsc'), '--noEmit', '--project', root] },
]

const fuzz = [...options].find((option) => option.startsWith('--fuzz='))?.slice('--fuzz='.length)
if (fuzz !== undefined) {
  if (!/^[1-9]\d*$/.test(fuzz)) throw new Error(`--fuzz=${fuzz}: a whole number from 1 is wanted`)
  process.env.KILN_FUZZ_RUNS = fuzz
}

const total: Counts = { passed: 0, failed: 0 }
if (patterns.length === 0) add(runChecks())
add(await runFiles(select(['packages/**/*.test.ts', 'test/**/*.test.ts']), 2))
if (!options.has('--unit')) {
  const scenarios = select(['test/e2e/*.e2e.ts']).filter(
    (file) => options.has('--all') || !file.includes('.long.'),
  )
  // Two at a time: a scenario starts up to two machines of its own, but most of its time it has one or none.
  add(await runFiles(scenarios, 2))
}
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0

function add(counts: Counts): void {
  total.passed += counts.passed
  total.failed += counts.failed
}

function select(globs: readonly string[]): string[] {
  const files = globs.flatMap((glob) => globSync(glob, { cwd: root, exclude: ['**/node_modules/**'] })).sort()
  return files
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
    .map((file) => join(root, file))
}

function runChecks(): Counts {
  const counts = { passed: 0, failed: 0 }
  for (const { name, command } of checks) {
    const [program = '', ...args] = command
    const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit' })
    process.stdout.write(`${status === 0 ? 'ok' : 'FAILED'} check: ${name}\n`)
    counts[status === 0 ? 'passed' : 'failed']++
  }
  return counts
}

async function runFiles(files: string[], concurrency: number): Promise<Counts> {
  if (files.length === 0) return { passed: 0, failed: 0 }
  const counts = { passed: 0, failed: 0 }
  const stream = run({ files, concurrency, cwd: root })
  stream.on('test:summary', ({ file, counts: sums }) => {
    // One summary comes for each file, and one without a file for all.
    if (file !== undefined) return
    counts.passed = sums.passed
    counts.failed = sums.tests - sums.passed
  })
  stream.compose(spec).pipe(process.stdout, { end: false })
  await new Promise((resolve) => stream.once('end', resolve))
  return counts
}
