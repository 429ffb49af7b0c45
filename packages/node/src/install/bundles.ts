import { bringBundle } from '../cloud-config/operations/bundle.ts'
import { failuresOf } from '../cloud-config/operations/execute.ts'
import { withEnvironment } from '../environment.ts'
import { InstallError } from './error.ts'
import type { InstallSession, StepOf } from './session.ts'
import { mountPoints } from './step.ts'

/** An image may be large, and a line slow. */
const timeoutMs = 60 * 60_000

/** What the installed system has at these paths. */
const shown = [
  { folder: mountPoints.persistent, at: '/usr/local' },
  { folder: mountPoints.oem, at: '/oem' },
]

/**
 * Brings the bundles of the block install. As in the field, one that fails stops nothing unless `fail_on_bundles_errors` says
 * so.
 * @throws InstallError bundle-failed
 */
export function installBundles({ bundles, strict }: StepOf<'bundles'>, session: InstallSession): void {
  const { env, reporter, registries } = session
  const host = withEnvironment(session.host, env)
  const warn = (text: string) => reporter.warn(text)
  const actor = { host, root: '', shell: ['/bin/sh'], timeoutMs, warn, registries } as const
  for (const bundle of bundles) {
    for (const failure of failuresOf(() => bringBundle(bundle, actor, shown))) {
      if (strict) throw new InstallError('bundle-failed', `${failure}.`)
      warn(failure)
    }
  }
}
