import type { Host } from '../host/host.ts'
import { installAtBoot } from './at-boot.ts'
import { runInteractive } from './interactive.ts'
import { installUsage, parseInstallOptions } from './options.ts'
import { runInstall } from './run.ts'

const usageCode = 2

/** `kiln-agent install`. @returns the exit code, of exitCodes */
export function installVerb(host: Host, args: readonly string[]): number {
  if (args.includes('--help')) {
    host.print(installUsage)
    return 0
  }
  const options = parseInstallOptions(args)
  if (typeof options === 'string') {
    host.printError(`kiln-agent: install: ${options}\n\n${installUsage}`)
    return usageCode
  }
  if (options.interactive && !options.dryRun) return runInteractive(host, options)
  return options.atBoot ? installAtBoot(host, options) : runInstall(host, options)
}
