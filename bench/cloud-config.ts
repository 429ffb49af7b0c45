/**
 * The engine of cloud-configs on the node's own program: `node bench/cloud-config.ts`, on Linux with user namespaces and GNU
 * time. Writes docs/benchmarks-cloud-config.md. `--rounds N` takes medians of N rounds, `--out FILE` writes elsewhere.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { listDistros, loadDefinition, planBuild } from '@kiln/factory'
import { runPlan } from '@kiln/factory/run/engine'
import { makeExecutors } from '@kiln/factory/run/executors'
import { openStore } from '@kiln/factory/run/store'
import { compare, type Measured, mib, say } from './measure.ts'
import { checkout } from './workspace.ts'

const files = 50
const limitMs = 150

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    out: { type: 'string', default: join(checkout, 'docs/benchmarks-cloud-config.md') },
  },
})
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number from 1')

const folder = mkdtempSync(join(tmpdir(), 'kiln-bench-cloud-config-'))
try {
  const agent = await buildAgent()
  const configs = writeConfigs(join(folder, 'configs'))
  const results = compare(rounds, [
    contender(
      'boot',
      'reads 50 files and does all their steps, on file systems in memory',
      inMemory(agent, configs, 'boot'),
    ),
    contender('boot, only planned', 'reads them and says what it would do', [
      agent,
      ...stage('boot', configs),
      '--plan',
    ]),
    contender('network', 'reads them, and has nothing to do', inMemory(agent, configs, 'network')),
    contender('nothing', 'starts and ends', [agent, 'version']),
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

function contender(name: string, covers: string, command: readonly [string, ...string[]]) {
  return { name, covers, command, size: () => 0 }
}

function page(results: readonly Measured[]): string {
  const [boot] = results
  if (!boot) throw new Error('nothing was measured')
  const rows = results.map(
    ({ name, wallMs, cpuMs, memory, covers }) =>
      `| ${name} | ${wallMs.toFixed(0)} ms | ${cpuMs.toFixed(0)} ms | ${mib(memory)} | ${covers} |`,
  )
  const reached = boot.wallMs < limitMs ? 'yes' : '**no**'
  return `# Benchmarks of the cloud-config engine

Written by \`node bench/cloud-config.ts\`. Medians of ${rounds} rounds on one machine with ${cpus().length} processors. The
program is the one of the node: QuickJS, one static file. All figures are of whole processes, from their start to their end.

| wanted | measured | reached |
| --- | --- | --- |
| stage boot over ${files} files in < ${limitMs} ms | ${boot.wallMs.toFixed(0)} ms | ${reached} |

| stage | time | processor | memory | covers |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`
}
