/**
 * What an upgrade of a node writes to its disk, and how long it takes, against the field's way: `node bench/upgrade.ts`.
 * Both are done by the same node, a virtual machine, in turn. Writes docs/benchmarks-upgrade.md. `--rounds N` takes medians of
 * N rounds; `--out DIR` writes elsewhere.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { installHostTools } from './host-programs.ts'
import { say } from './measure.ts'
import { measureOnNode } from './upgrade/node.ts'
import { upgradePage } from './upgrade/page.ts'
import { measureState } from './upgrade/state.ts'
import { prepareSystems } from './upgrade/systems.ts'
import { checkout } from './workspace.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    out: { type: 'string', default: join(checkout, 'docs') },
  },
})
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number from 1')

installHostTools()
const systems = await prepareSystems()
say('state')
const state = measureState(systems.raw)
const measured = await measureOnNode(systems, rounds)
writeFileSync(join(values.out, 'benchmarks-upgrade.md'), upgradePage({ systems, measured, state, rounds }))
say(`wrote benchmarks-upgrade.md in ${values.out}`)
process.exit()
