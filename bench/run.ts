/**
 * Kiln against its peers, in one run on one machine: `node bench/run.ts`, as root on Debian. Writes docs/benchmarks.md and
 * docs/images/benchmarks.svg. `--quick` is one round on a small root, for trying; `--rounds N` takes medians of N rounds;
 * `--zlib-ng FILE` adds AuroraBoot's commands with a zlib-compatible library of zlib-ng; `--out DIR` writes elsewhere.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { say } from './measure.ts'
import { page } from './page.ts'
import { plot } from './plot.ts'
import { prepare } from './prepare.ts'
import { measureAll } from './sections.ts'
import { checkout, empty, openWorkspace } from './workspace.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    'zlib-ng': { type: 'string' },
    out: { type: 'string', default: join(checkout, 'docs') },
  },
})
const quick = values.quick
const rounds = Number(values.rounds ?? (quick ? 1 : 3))
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number from 1')
const zlib = values['zlib-ng']

const workspace = openWorkspace(quick)
const prepared = await prepare(workspace, quick)
if (zlib !== undefined) copyFileSync(zlib, join(workspace.boot, 'zlib-ng.so'))
const results = measureAll(workspace, prepared, { rounds, zlib: zlib !== undefined })
empty(workspace.work)
mkdirSync(join(values.out, 'images'), { recursive: true })
writeFileSync(join(values.out, 'benchmarks.md'), page({ prepared, results, rounds, quick }))
writeFileSync(join(values.out, 'images/benchmarks.svg'), plot(results))
say(`wrote benchmarks.md and images/benchmarks.svg in ${values.out}`)
