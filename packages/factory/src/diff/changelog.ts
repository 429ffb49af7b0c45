import type { PackageChanges } from '@kiln/contract'
import type { PayloadDiff } from './payload-diff.ts'
import type { Diff } from './subject.ts'

/** In the order in which they are shown. */
export const components = [
  'System',
  'Kernel and firmware',
  'Kubernetes',
  'Boot loader',
  'Agent',
  'Distribution',
  'Build tools',
] as const
export type Component = (typeof components)[number]

export interface ChangelogEntry {
  readonly what: string
  /** Undefined where it is new. */
  readonly from?: string
  /** Undefined where it is gone. */
  readonly to?: string
}

export interface ChangelogSection {
  readonly component: Component
  readonly entries: readonly ChangelogEntry[]
}

/** What changed, by component; each entry once, however many sets of a lock have it. */
export function changelogOf(diff: Diff): ChangelogSection[] {
  const all = diff.kind === 'payload' ? payloadEntries(diff) : lockEntries(diff)
  return components.flatMap((component) => {
    const own = all.filter((each) => each.component === component).map(({ entry }) => entry)
    const once = new Map(own.map((entry) => [JSON.stringify(entry), entry]))
    const entries = [...once.values()].toSorted((a, b) => (a.what < b.what ? -1 : 1))
    return entries.length === 0 ? [] : [{ component, entries }]
  })
}

interface Placed {
  readonly component: Component
  readonly entry: ChangelogEntry
}

type Part = Exclude<keyof PayloadDiff['changes'], 'packages'>

const parts: Readonly<Record<Part, readonly [Component, what: string]>> = {
  version: ['System', 'version'],
  cmdline: ['System', 'command line'],
  kernel: ['Kernel and firmware', 'kernel'],
  kubernetes: ['Kubernetes', 'version'],
  bootLoader: ['Boot loader', 'version'],
  agent: ['Agent', 'version'],
}

function payloadEntries({ changes }: PayloadDiff): Placed[] {
  const own = (Object.keys(parts) as Part[]).flatMap((part) => {
    const [component, what] = parts[part]
    const change = changes[part]
    return change ? [{ component, entry: { what, ...change } }] : []
  })
  return [...own, ...(changes.packages ? packageEntries(changes.packages, componentOf) : [])]
}

function lockEntries(diff: Extract<Diff, { kind: 'lock' }>): Placed[] {
  const { kiln, sets, bases } = diff
  return [
    ...(kiln ? [{ component: 'Build tools', entry: { what: 'Kiln', ...kiln } } as const] : []),
    ...bases.map(({ name, from, to }) => ({
      component: 'Distribution' as const,
      entry: { what: `base of ${name}`, from, to },
    })),
    ...sets.flatMap(({ names, packages }) =>
      names.flatMap((name) => packageEntries(packages, isForTools(name) ? () => 'Build tools' : componentOf)),
    ),
  ]
}

/** Sets that no image has: `toolchain/amd64/all`. */
function isForTools(set: string): boolean {
  return /^(toolchain|container-tools)\//.test(set)
}

function packageEntries(
  { added, removed, changed }: PackageChanges,
  componentFor: (name: string) => Component,
): Placed[] {
  const entries: ChangelogEntry[] = [
    ...changed.map(({ name, from, to }) => ({ what: name, from, to })),
    ...added.map(({ name, version }) => ({ what: name, to: version })),
    ...removed.map(({ name, version }) => ({ what: name, from: version })),
  ]
  return entries.map((entry) => ({ component: componentFor(entry.what), entry }))
}

/** By the names that distributions give their packages. */
function componentOf(name: string): Component {
  if (/^(linux-(image|modules|firmware|base)|kernel(-|$)|firmware-|[\w-]+-microcode$)/.test(name)) {
    return 'Kernel and firmware'
  }
  if (/^(systemd-boot|grub|shim|efibootmgr)/.test(name)) return 'Boot loader'
  return /^(k3s|k0s|kube|rke2|containerd|runc|cri-)/.test(name) ? 'Kubernetes' : 'Distribution'
}
