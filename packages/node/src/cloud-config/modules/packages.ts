import type { PackagesConfig } from '@kiln/contract/cloud-config/schema/modules/system'
import type { Operation } from '../operations/operation.ts'
import { type PlanContext, withText } from '../plan/context.ts'
import { systemFile } from './files.ts'
import { type Argv, managerOf, type PackageManager, unknownManager } from './package-managers.ts'

/** Refresh, upgrade, install, remove, in the order of the field. */
export function planPackages(config: PackagesConfig, context: PlanContext): Operation[] {
  const manager = managerOf(context.facts.osIds)
  if (!manager) return [unknownManager(context.facts.osIds)]
  const run = (argv: Argv): Operation => ({ kind: 'program', argv })
  const names = (what: string, list: readonly string[], argv: Argv): readonly Operation[] =>
    list.length === 0
      ? []
      : withText(context, `packages ${what}`, list.join('\n'), (text) =>
          run([...argv, ...text.split('\n').filter(Boolean)]),
        )
  return [
    ...(config.refresh ? [run(manager.refresh)] : []),
    ...(config.upgrade ? [run(manager.upgrade)] : []),
    ...names('install', config.install ?? [], manager.install),
    ...names('remove', config.remove ?? [], manager.remove),
  ]
}

/** Versions that the package manager is to stay at. */
export function planPins(pins: Readonly<Record<string, string>>, context: PlanContext): Operation[] {
  const manager = managerOf(context.facts.osIds)
  if (!manager) return [unknownManager(context.facts.osIds)]
  const sorted = Object.entries(pins).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return sorted.length === 0 ? [] : planners[manager.name](sorted, context)
}

type Pins = readonly (readonly [name: string, version: string])[]

const planners: Readonly<Record<PackageManager['name'], (pins: Pins, context: PlanContext) => Operation[]>> =
  {
    apt: (pins) => [
      systemFile(
        '/etc/apt/preferences.d/99-yip-pins',
        pins
          .map(([name, version]) => `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`)
          .join('\n'),
      ),
    ],
    dnf: (pins) =>
      pins.map(([name, version]) => ({
        kind: 'program',
        argv: ['dnf', 'versionlock', 'add', `${name}-${version}`],
      })),
    // A lock holds what is installed.
    zypper: (pins) => [
      {
        kind: 'program',
        argv: [
          'zypper',
          'install',
          '-y',
          '--oldpackage',
          ...pins.map(([name, version]) => `${name}=${version}`),
        ],
      },
      { kind: 'program', argv: ['zypper', 'addlock', ...pins.map(([name]) => name)] },
    ],
    apk: (pins) => [
      {
        kind: 'program',
        argv: ['apk', 'add', '--no-cache', ...pins.map(([name, version]) => `${name}=${version}`)],
      },
    ],
    pacman: (pins, context) => {
      context.warn(`package_pins: pacman cannot pin ${pins.map(([name]) => name).join(', ')}`)
      return []
    },
  }
