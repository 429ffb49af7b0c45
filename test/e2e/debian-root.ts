import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import { kilnVersion } from '@kiln/factory'
import { debianArchitecture } from '@kiln/factory/distros/debian-architecture'
import { loadDistro } from '@kiln/factory/distros/load'
import type { PackageSet } from '@kiln/factory/lock/lock'
import { updateLock } from '@kiln/factory/lock/update'
import type { Step } from '@kiln/factory/plan/step'
import { runPlan } from '@kiln/factory/run/engine'
import { makeExecutors } from '@kiln/factory/run/executors'
import { openStore, type StoredResult } from '@kiln/factory/run/store'
import { toolchainSuite } from '@kiln/factory/toolchain/packages'

export interface DebianRoot {
  /** Debian's smallest root, in the folder `layer`. */
  readonly base: StoredResult
  /** The same with packages, in the folder `root`. */
  readonly whole: StoredResult
}

/** A Debian root with some packages, as the toolchain is made; from the user's cache where that has it. */
export async function debianRoot(packages: readonly string[]): Promise<DebianRoot> {
  const signal = new AbortController().signal
  const cacheFolder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kiln')
  await mkdir(cacheFolder, { recursive: true })
  const { base, all } = await packageSets(packages, cacheFolder, signal)
  const results = await runPlan(
    { steps: steps(base, all) },
    {
      store: openStore(cacheFolder),
      executors: makeExecutors(join(cacheFolder, 'pool')),
      emit: () => {},
      signal,
      rebuild: false,
      concurrency: 2,
    },
  )
  const [smallest, whole] = [results.results.get('base'), results.results.get('whole')]
  if (!smallest || !whole) throw new KilnError('E-BUG', 'the plan made no root')
  return { base: smallest, whole }
}

async function packageSets(packages: readonly string[], cacheFolder: string, signal: AbortSignal) {
  const { archive } = loadDistro('debian')
  const source = {
    suite: toolchainSuite,
    components: archive.components,
    mirror: undefined,
    keyring: archive.keyring,
    keyringPackage: archive['keyring-package'],
  }
  const wanted = (name: string, include: string[]) => ({
    name,
    group: 'root',
    request: { suite: toolchainSuite, arch: debianArchitecture(process.arch), include, exclude: [] },
    archive: source,
  })
  const smallest = ['?essential', 'apt']
  const sets = [wanted('base', smallest), wanted('all', [...smallest, ...packages])]
  const options = { kilnVersion, cacheFolder, renew: false, signal, onResolve: () => {} }
  const lock = await updateLock(undefined, sets, options)
  const { base, all } = lock.sets
  if (!base || !all) throw new KilnError('E-BUG', 'the lock lacks a set')
  return { base, all }
}

function steps(base: PackageSet, all: PackageSet): Step[] {
  const inBase = new Set(base.packages.map(({ sha256 }) => sha256))
  const added = all.packages.filter(({ sha256 }) => !inBase.has(sha256))
  return [
    {
      id: 'base-files',
      kind: 'repository',
      title: 'base files',
      params: { packages: base.packages },
      inputs: {},
    },
    { id: 'files', kind: 'repository', title: 'files', params: { packages: added }, inputs: {} },
    {
      id: 'base',
      kind: 'base',
      title: 'base',
      params: { suite: base.request.suite, arch: base.request.arch, epoch: base.epoch },
      inputs: { repository: 'base-files' },
    },
    {
      id: 'whole',
      kind: 'toolchain',
      title: 'root',
      params: { packages: added, epoch: all.epoch },
      inputs: { base: 'base', repository: 'files' },
    },
  ]
}
