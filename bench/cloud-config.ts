/**
 * The engine of cloud-configs on the node's own program: `node bench/cloud-config.ts`, on Linux with user namespaces and GNU
 * time. Writes docs/benchmarks-cloud-config.md. `--rounds N` takes the fastest of N rounds, `--out FILE` writes elsewhere.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, homedir, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { listDistros, loadDefinition, planBuild } from '@kiln/factory'
import { runPlan } from '@kiln/factory/run/engine'
import { makeExecutors } from '@kiln/factory/run/executors'
import { openStore } from '@kiln/factory/run/store'
import { type Figures, measure, mib, say } from './measure.ts'
import { checkout } from './workspace.ts'

const files = 50
const limitMs = 150

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    out: { type: 'string', default: join(checkout, 'docs/benchmarks-cloud-config.md') },
  },
})
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number from 1')

const folder = mkdtempSync(join(tmpdir(), 'kiln-bench-cloud-config-'))
try {
  const agent = await buildAgent()
  const configs = writeConfigs(join(folder, 'configs'))
  const results = fastest([
    {
      name: 'boot',
      covers: 'reads 50 files and does all their steps, on file systems in memory',
      command: inMemory(agent, configs, 'boot'),
    },
    {
      name: 'boot, only planned',
      covers: 'reads them and says what it would do',
      command: [agent, ...stage('boot', configs), '--plan'],
    },
    {
      name: 'network',
      covers: 'reads them, and has nothing to do',
      command: inMemory(agent, configs, 'network'),
    },
    { name: 'nothing', covers: 'starts and ends', command: [agent, 'version'] },
  ])
  writeFileSync(values.out, page(results))
  say(`wrote ${values.out}`)
} finally {
  rmSync(folder, { recursive: true })
}

/** The program of the node, from the cache where it is there. */
async function buildAgent(): Promise<string> {
  const { signal } = new AbortController()
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'kiln')
  const definition = loadDefinition(join(checkout, 'examples/debian'), listDistros())
  const emit = () => {}
  const { plan } = await planBuild({ definition, cacheFolder: cache, emit, signal })
  const step = plan.steps.find(({ kind }) => kind === 'agent')
  const steps = plan.steps.filter((each) => each === step || each.id.startsWith('toolchain'))
  const executors = makeExecutors(join(cache, 'pool'))
  const options = { store: openStore(cache), executors, emit, signal, rebuild: false, concurrency: 2 }
  const made = (await runPlan({ steps }, options)).results.get(step?.id ?? '')
  if (!made) throw new Error('the plan of the example makes no agent')
  return join(made.folder, 'kiln-agent')
}

/** As people write them: conditions, templates, files, folders, variables. */
function writeConfigs(target: string): string {
  mkdirSync(target)
  mkdirSync(join(folder, 'work'))
  for (let number = 1; number <= files; number++) {
    const name = String(number).padStart(2, '0')
    writeFileSync(join(target, `${name}.yaml`), configOf(name, join(folder, 'work')))
  }
  return target
}

function configOf(name: string, work: string): string {
  return `#cloud-config
name: file-${name}
stages:
  boot:
    - name: Step ${name}
      only_os: ".*"
      if_files: {none: [/no/such/file]}
      directories:
        - path: ${work}/folder-${name}
      files:
        - path: ${work}/folder-${name}/file
          permissions: 0640
          content: |
            host {{ .Values.node.hostname | upper }} has
            {{ if gt .Values.memory.size 1024 }}much{{ else }}little{{ end }} memory
      environment: {NUMBER_${name}: "${name}"}
      environment_file: ${work}/environment
`
}

function stage(name: string, configs: string): string[] {
  return ['run-stage', name, '--override-cloud-init-paths', configs]
}

/** As early in a boot: /run and what is written to are in memory. */
function inMemory(agent: string, configs: string, name: string): readonly [string, ...string[]] {
  const script = 'mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs "$1"; shift; exec "$@" >/dev/null'
  const namespace = ['--mount', '--map-root-user', 'sh', '-euc', script, 'sh', join(folder, 'work')]
  return ['unshare', ...namespace, agent, ...stage(name, configs)]
}

interface Work {
  readonly name: string
  readonly covers: string
  readonly command: readonly [string, ...string[]]
}

/** All in turn. What a round takes longer than the fastest is what other work on the machine took from it. */
function fastest(works: readonly Work[]): (Work & Figures)[] {
  const best = new Map<Work, Figures>()
  for (let round = 1; round <= rounds; round++) {
    for (const work of works) {
      const found = measure(work.command)
      const before = best.get(work)
      if (!before || found.wallMs < before.wallMs) best.set(work, found)
    }
  }
  return works.flatMap((work) => {
    const figures = best.get(work)
    return figures ? [{ ...work, ...figures }] : []
  })
}

function page(results: readonly (Work & Figures)[]): string {
  const [boot] = results
  if (!boot) throw new Error('nothing was measured')
  const rows = results.map(
    ({ name, wallMs, cpuMs, memory, covers }) =>
      `| ${name} | ${wallMs.toFixed(0)} ms | ${cpuMs.toFixed(0)} ms | ${mib(memory)} | ${covers} |`,
  )
  const reached = (ms: number) => (ms < limitMs ? 'yes' : '**no**')
  return `# Benchmarks of the cloud-config engine

Written by \`node bench/cloud-config.ts\`. The fastest of ${rounds} rounds on one machine with ${cpus().length} processors; the load of
all that ran on it was ${loadavg()[0]?.toFixed(1)}, and with more work than processors each second of one takes longer. The program is the one of
the node: QuickJS, one static file. All figures are of whole processes, from their start to their end.

| wanted | measured | reached |
| --- | --- | --- |
| stage boot over ${files} files in < ${limitMs} ms | ${boot.wallMs.toFixed(0)} ms | ${reached(boot.wallMs)} |
| the same, of a processor | ${boot.cpuMs.toFixed(0)} ms | ${reached(boot.cpuMs)} |

| stage | time | processor | memory | covers |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`
}
