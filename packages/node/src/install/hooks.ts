import { runStage } from '../cloud-config/run-stage.ts'
import type { Host } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'
import { imageConfigs } from './configs.ts'
import { InstallError } from './error.ts'
import { configsForOem } from './oem-files.ts'
import type { InstallSession, StepOf } from './session.ts'
import { refusalFile } from './step.ts'

/** In memory; the cloud-configs of this installation as they will be on COS_OEM. */
const configFolder = '/run/kiln/install/cloud-config'

/**
 * Runs the steps that the cloud-configs have for a stage of installing. As in the field, one that fails stops nothing unless
 * `strict` says so: stopping is what the refusal file is for.
 * @throws InstallError hook-refused
 */
export function runHook({ stage }: StepOf<'hook'>, session: InstallSession): void {
  const { host, configs, env, strict, reporter } = session
  host.remove(configFolder, { recursive: true })
  host.mkdir(configFolder, { recursive: true, mode: 0o700 })
  for (const { name, text, mode } of configsForOem(configs))
    host.write(`${configFolder}/${name}`, text, { mode })
  const sources = [
    { path: imageConfigs, recursive: true },
    { path: configFolder, recursive: false },
  ]
  const code = runStage(hostForHooks(host, env), stage, { sources, root: '', shell: ['/bin/sh'] })
  host.remove(configFolder, { recursive: true })
  if (code === 0) return
  const message = `a step of ${stage} failed; see above, or kiln-agent stages`
  if (strict) throw new InstallError('hook-refused', `${message}.`)
  reporter.warn(message)
}

/** @throws InstallError hook-refused, with what the hook wrote */
export function obeyHooks(host: Pick<Host, 'readText'>): void {
  const text = readIfThere(host, refusalFile)
  if (text === undefined) return
  throw new InstallError('hook-refused', `${refusalFile}: ${text.trim() || 'no reason given'}.`)
}

/**
 * For hooks: with the environment, and with all that they say on the error output. The standard output belongs to the
 * progress, which programs read.
 */
function hostForHooks(host: Host, env: Readonly<Record<string, string>>): Host {
  return {
    ...host,
    print: (text) => host.printError(text),
    run: (argv, options = {}) => {
      const result = host.run(argv, { ...options, output: 'capture', env: { ...env, ...options.env } })
      if (options.output === 'inherit') host.printError(`${result.stdout}${result.stderr}`)
      return result
    },
  }
}
