import type { LockedPackage, PackageSet } from '../lock/lock.ts'
import { contentKey, fingerprintOf } from '../plan/fingerprint.ts'
import { planBuild } from '../plan/plan.ts'
import type { Plan, Step, StepKind } from '../plan/step.ts'
import type { ResolvedBuild, ResolvedImage, ToolRoot } from '../resolve/resolve.ts'
import { sha256 } from './debian-archive.ts'

export const file = (name: string, version = '1'): LockedPackage => ({
  name,
  version,
  architecture: 'amd64',
  sha256: sha256(`${name} ${version}`),
  size: 1000,
  url: `http://mirror.test/pool/${name}_${version}_amd64.deb`,
})

/** A root as the lock has it: the base's packages, and some more. */
export const rootOf = (
  names: readonly string[],
  { epoch = 1000, arch = 'amd64', suite = 'trixie' } = {},
): ToolRoot => {
  const set = (packages: readonly string[]): PackageSet => ({
    request: { suite, arch, include: [...packages], exclude: [] },
    archives: [{ uri: 'http://mirror.test/', suite, components: ['main'] }],
    epoch,
    packages: packages.map((name) => file(name, `${epoch}+${arch}`)),
  })
  const base = ['apt', 'libc6']
  return { base: set(base), all: set([...base, ...names].toSorted()) }
}

export const sample: ResolvedImage = {
  identity: {
    flavor: 'debian',
    flavorRelease: '13',
    variant: 'core',
    arch: 'amd64',
    device: 'generic',
    version: 'v1.0.0',
  },
  name: 'sample',
  family: 'debian',
  root: rootOf(['linux-image-amd64', 'systemd']),
  hostname: undefined,
  layout: { schema: 'kiln.layout/v1', ephemeral: ['/etc'], persistent: ['/home'], store: '/usr/local' },
  services: { enable: ['ssh.service'], mask: [] },
  overlay: undefined,
  medium: undefined,
  cloudConfig: undefined,
  cmdline: [],
  disk: { firmware: 'hybrid', generations: 2 },
  compression: 'zstd',
  ukiBudget: 128 * 2 ** 20,
  board: undefined,
}

export type Change = Omit<Partial<ResolvedImage>, 'identity'> & {
  identity?: Partial<ResolvedImage['identity']>
}
export const image = ({ identity, ...change }: Change = {}): ResolvedImage => ({
  ...sample,
  ...change,
  identity: { ...sample.identity, ...identity },
})
export const installed = ['linux-image-amd64', 'systemd']
export const buildOf = (...images: ResolvedImage[]): ResolvedBuild => ({
  lock: { schema: 'kiln.lock/v1', kiln: 'v0.1.0', sets: {}, bases: {} },
  toolchain: rootOf(['gcc', 'zstd']),
  containerTools: undefined,
  foreign: [],
  signingTools: undefined,
  secureBoot: undefined,
  agent: { sources: 's1', version: 'v0.1.0' },
  conversionFiles: 'f1',
  images,
})
export const plan = (...images: ResolvedImage[]) => planBuild(buildOf(...images), ['iso'])
export const kinds = (made: Plan) => made.steps.map((step) => step.kind)
export const count = (made: Plan, kind: StepKind) => kinds(made).filter((each) => each === kind).length

/** Content key of each step, with the keys of its inputs as their digests. */
export function keys(steps: readonly Step[]): Map<string, string> {
  const found = new Map<string, string>()
  for (const step of steps) {
    const inputs = Object.entries<string>(step.inputs).map(([name, id]) => [name, found.get(id) ?? ''])
    found.set(step.id, contentKey(fingerprintOf(step, Object.fromEntries(inputs))))
  }
  return found
}
