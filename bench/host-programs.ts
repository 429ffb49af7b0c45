import { requirements } from '../packages/factory/src/tools/host-tools.ts'
import { mustRun, say } from './measure.ts'

/** Installs Debian packages by apt, and says so. */
export function installByApt(packages: readonly string[]): void {
  if (packages.length === 0) return
  say(`installs by apt: ${packages.join(', ')}`)
  mustRun('apt-get', ['update'])
  mustRun('apt-get', ['install', '--yes', '--no-install-recommends', ...packages])
}

/** What Kiln needs on this machine for building and booting. */
export function installHostTools(): void {
  const missing = requirements(['build', 'boot', 'test']).filter(({ present }) => !present)
  installByApt([...new Set(missing.map((requirement) => requirement.package))])
}
