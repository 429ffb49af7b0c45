/**
 * First figures: what the pieces of an image cost, each against what the field does, on the same root in the same run.
 * `node bench/first-image.ts` builds examples/debian (or takes it from the cache) and writes docs/benchmarks.md.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { listDistros, loadDefinition, planBuild } from '../packages/factory/src/index.ts'
import { layersOf } from '../packages/factory/src/rootfs/layers.ts'
import { runPlan } from '../packages/factory/src/run/engine.ts'
import { executors } from '../packages/factory/src/run/executors.ts'
import { openStore, type StoredResult } from '../packages/factory/src/run/store.ts'
import { runInSandbox } from '../packages/factory/src/sandbox/sandbox.ts'
import { toolchainSandbox } from '../packages/factory/src/toolchain/toolchain.ts'
import { mksquashfsArguments } from '../packages/factory/src/tools/mksquashfs.ts'
import { compare, mib, ms, mustRun, row } from './measure.ts'

const root = join(import.meta.dirname, '..')
const signal = new AbortController().signal
const cacheFolder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kiln')
const scratch = mkdtempSync(join(tmpdir(), 'kiln-bench-'))
const emit = () => {}

const definition = loadDefinition(join(root, 'examples/debian'), listDistros())
const { plan } = await planBuild({ definition, signal })
const store = openStore(cacheFolder)
const concurrency = availableParallelism()
const { results } = await runPlan(plan, { store, executors, emit, signal, rebuild: false, concurrency })
const result = (kind: string): StoredResult => {
  const step = plan.steps.find((candidate) => candidate.kind === kind)
  const found = step && results.get(step.id)
  if (!found) throw new Error(`no ${kind}`)
  return found
}

try {
  writeFileSync(
    join(root, 'docs/benchmarks.md'),
    page([await agentRows(), await rootImageRows(), await initramfsRows(), stepRows()]),
  )
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** The agent against what the field would do in its place: start a runtime, or a Go program of some tens of megabytes. */
async function agentRows(): Promise<string[]> {
  const agent = join(result('agent').folder, 'kiln-agent')
  const hello = join(scratch, 'hello.cjs')
  writeFileSync(hello, 'process.stdout.write("v0.1.0\\n")\n')
  const times = await compare(
    30,
    () => mustRun(agent, ['version']),
    () => mustRun(process.execPath, [hello]),
  )
  const sizes = [statSync(agent).size, statSync(process.execPath).size] as const
  return [
    '## Node program',
    '',
    '| | kiln-agent | Node.js 26 | ratio |',
    '|---|---|---|---|',
    row('size', sizes, mib),
    row('start, print version, end', [times.ours, times.theirs], ms),
  ]
}

function rootSandbox(out: string) {
  const layers = layersOf(result('packages'), result('convert'))
  return toolchainSandbox(result('toolchain'), scratch, [
    { kind: 'tree-ro', layers, target: '/run/work/root' },
    { kind: 'bind', source: out, target: '/run/work/out' },
  ])
}

async function rootImageRows(): Promise<string[]> {
  const out = join(scratch, 'squash')
  mkdirSync(out)
  const sandbox = rootSandbox(out)
  const pack = (name: string, options: readonly string[]) => async () => {
    rmSync(join(out, name), { force: true })
    await runInSandbox(sandbox, [
      'mksquashfs',
      '/run/work/root',
      `/run/work/out/${name}`,
      '-no-progress',
      ...options,
    ])
  }
  const kiln = mksquashfsArguments({ source: '', target: '', epoch: 0, level: 6 }).slice(3)
  const emptied = kiln.slice(kiln.indexOf('-wildcards'))
  const times = await compare(3, pack('kiln', kiln), pack('auroraboot', ['-b', '1024k', ...emptied]))
  const sizes = [statSync(join(out, 'kiln')).size, statSync(join(out, 'auroraboot')).size] as const
  return [
    '## Root image, from the same root',
    '',
    '| | Kiln (zstd 6, 256 KiB) | as AuroraBoot packs (gzip 9, 1 MiB) | ratio |',
    '|---|---|---|---|',
    row('time', [times.ours, times.theirs], ms),
    row('size', sizes, mib),
  ]
}

async function initramfsRows(): Promise<string[]> {
  const kernel = (result('validate').facts as { kernelVersion: string }).kernelVersion
  const sandbox = {
    root: {
      layers: layersOf(result('packages')),
      upper: { folder: join(scratch, 'dracut'), work: join(scratch, 'dracut-work') },
    },
    mounts: [{ kind: 'file-ro', source: '/etc/resolv.conf', target: '/run/resolv.conf' }] as const,
    network: true,
    scratch,
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const install =
    'ln -sf /run/resolv.conf /etc/resolv.conf; apt-get install -y --no-install-recommends dracut dracut-live dracut-network'
  await runInSandbox(sandbox, ['sh', '-euc', install], { env })
  const step = plan.steps.find((candidate) => candidate.kind === 'initramfs')
  if (step?.kind !== 'initramfs') throw new Error('no initramfs step')
  const out = join(scratch, 'initramfs')
  const kiln = async () => {
    for (const folder of [out, join(scratch, 'modules')]) rmSync(folder, { recursive: true, force: true })
    mkdirSync(out)
    const inputs = Object.fromEntries(Object.keys(step.inputs).map((kind) => [kind, result(kind)]))
    const context = { inputs: inputs as never, out, scratch, signal, line: emit, progress: emit }
    await executors.initramfs(step, context)
  }
  const dracut = ['dracut', '--force', '--no-hostonly', '/boot/initrd', kernel] as const
  const times = await compare(3, kiln, () => runInSandbox(sandbox, dracut, { env }))
  const sizes = [
    statSync(join(out, 'initramfs')).size,
    statSync(join(scratch, 'dracut/boot/initrd')).size,
  ] as const
  return [
    '## Initramfs, for the same kernel',
    '',
    '| | Kiln | dracut, generic | ratio |',
    '|---|---|---|---|',
    row('time', [times.ours, times.theirs], ms),
    row('size', sizes, mib),
  ]
}

function stepRows(): string[] {
  const rows = plan.steps.map((step) => `| ${step.title} | ${ms(results.get(step.id)?.ms ?? 0)} |`)
  const iso = result('iso').facts as { size: number }
  return [
    '## Steps of a build from nothing',
    '',
    'As each took when it was last made; steps that do not need each other run side by side.',
    '',
    '| step | time |',
    '|---|---|',
    ...rows,
    '',
    `The ISO is ${mib(iso.size)}; the root it carries is ${mib(statSync(join(result('root-image').folder, 'root.img')).size)}.`,
  ]
}

function page(sections: readonly (readonly string[])[]): string {
  const head = [
    '# Benchmarks',
    '',
    'Written by `node bench/first-image.ts`. Medians of runs in turn on one machine with two processors; read the ratios,',
    'not the times. Peers are not Kiln under another name: their own tools, with the options they use.',
  ]
  return `${[head, ...sections].map((lines) => lines.join('\n')).join('\n\n')}\n`
}
