import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { changedConfigBuild, coldBuild, firstBuild, mediaBuild, stepBuild, unchangedBuild } from './kiln.ts'
import { compare, type Measured, median, mustRun, say } from './measure.ts'
import { auroraboot, dracut, liveBuild, mkosiBuild, mkosiPack, mmdebstrapBuild, packing } from './peers.ts'
import type { Prepared } from './prepare.ts'
import { lastResult, storedObjects, type Workspace } from './workspace.ts'

export interface StepTime {
  readonly title: string
  readonly ms: number
}

export interface Results {
  readonly media: readonly Measured[]
  readonly cold: readonly Measured[]
  readonly changes: readonly Measured[]
  readonly initramfs: readonly Measured[]
  readonly packing: readonly Measured[]
  readonly program: { readonly sizes: readonly [number, number]; readonly starts: readonly [number, number] }
  /** Of the last cold build. */
  readonly steps: readonly StepTime[]
  /** Kiln's initramfs step by itself, without the process around it. */
  readonly initramfsStepMs: number
}

export function measureAll(
  workspace: Workspace,
  prepared: Prepared,
  { rounds, zlib }: { readonly rounds: number; readonly zlib: boolean },
): Results {
  say('payload and ISO, from the unpacked root')
  const faster = zlib ? [auroraboot(workspace, '/bench/boot/zlib-ng.so')] : []
  const media = compare(rounds, [
    mediaBuild(workspace),
    auroraboot(workspace),
    ...faster,
    liveBuild(workspace),
    mkosiPack(workspace),
  ])
  say('from package files')
  const { mirror, packages } = prepared
  // Its first run fills its cache of package files.
  const warm = { ...mkosiBuild(workspace, mirror, packages), name: 'mkosi, to fill its cache' }
  compare(1, [warm])
  const cold = compare(rounds, [
    firstBuild(workspace),
    coldBuild(workspace),
    mmdebstrapBuild(workspace, packages),
    mkosiBuild(workspace, mirror, packages),
  ])
  mustRun(...programOf(coldBuild(workspace)))
  const steps = stepTimes(workspace)
  say('a build again')
  const changes = compare(Math.max(rounds, 3), [unchangedBuild(workspace), changedConfigBuild(workspace)])
  say('initramfs')
  const initramfsFile = () => statSync(join(lastResult(workspace, 'initramfs').folder, 'initramfs')).size
  const initramfs = compare(rounds, [
    stepBuild(workspace, 'initramfs', initramfsFile),
    dracut(workspace, prepared.kernelVersion),
  ])
  say('packing')
  return {
    media,
    cold,
    changes,
    initramfs,
    packing: compare(rounds, [
      packing(workspace, 'Kiln: zstd 2, 256 KiB', [
        '-comp',
        'zstd',
        '-Xcompression-level',
        '2',
        '-b',
        '256K',
      ]),
      packing(workspace, 'AuroraBoot: gzip 9, 1 MiB', ['-b', '1024k']),
    ]),
    program: measureProgram(workspace),
    steps,
    initramfsStepMs: lastResult(workspace, 'initramfs').ms,
  }
}

function programOf({
  before,
  command: [program, ...args],
}: ReturnType<typeof coldBuild>): [string, string[]] {
  before?.()
  return [program, args]
}

/** Toolchain and agent are those of the last first build; the rest of the last cold one. */
function stepTimes(workspace: Workspace): StepTime[] {
  const objects = storedObjects(workspace).toSorted((a, b) => order(a.kind) - order(b.kind))
  return objects.map(({ title, ms }) => ({ title, ms }))
}

const stepOrder =
  'repository toolchain agent boot-loader base packages convert validate root-image initramfs payload iso'

function order(kind: string): number {
  return stepOrder.split(' ').indexOf(kind)
}

/** The program on the node against what the field would start in its place: a runtime. */
function measureProgram(workspace: Workspace): Results['program'] {
  const agent = join(lastResult(workspace, 'agent').folder, 'kiln-agent')
  const folder = mkdtempSync(join(tmpdir(), 'kiln-bench-'))
  try {
    const hello = join(folder, 'hello.cjs')
    writeFileSync(hello, 'process.stdout.write("v0.1.0\\n")\n')
    const starts: { agent: number[]; runtime: number[] } = { agent: [], runtime: [] }
    for (let round = 0; round < 30; round++) {
      starts.agent.push(timed(() => mustRun(agent, ['version'])))
      starts.runtime.push(timed(() => mustRun(process.execPath, [hello])))
    }
    return {
      sizes: [statSync(agent).size, statSync(process.execPath).size],
      starts: [median(starts.agent), median(starts.runtime)],
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function timed(work: () => unknown): number {
  const started = performance.now()
  work()
  return performance.now() - started
}
