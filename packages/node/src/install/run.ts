import { onAllConsoles } from '../consoles.ts'
import type { Host } from '../host/host.ts'
import { withLifecycleLock } from '../lifecycle/lock.ts'
import { makeLoader } from '../lifecycle/open-loader.ts'
import { decide, type InstallDecision, requireConsent } from './decide.ts'
import { resolveWish } from './device-wish.ts'
import { execute } from './execute.ts'
import { failureOf } from './failure.ts'
import { gatherFacts, type InstallFacts } from './gather.ts'
import { unmountLeftovers } from './mounts.ts'
import type { InstallOptions } from './options.ts'
import { installOutline, outlineText } from './outline.ts'
import { fieldReporter, jsonReporter, type Reporter, textReporter } from './report.ts'
import { mountPoints } from './step.ts'

/** Disks of some controllers come late, when nobody is there to try again. */
const patienceAtBootMs = 30_000

/** Installs, or says what would be done. @returns the exit code */
export function runInstall(host: Host, options: InstallOptions): number {
  const reporter = reporterOf(host, options)
  try {
    if (options.dryRun) return dryRun(host, options)
    return withLifecycleLock(host, 'install', () => {
      unmountLeftovers(host)
      const facts = gatherFacts(host, options)
      const decision = decideByOptions(host, facts, options)
      // Consent in a file is for the disk that the file chooses, not for one that somebody else names.
      requireConsent(decision, options.yesErase || (facts.settings.auto && options.device === undefined))
      install(host, facts, decision, reporter)
      return 0
    })
  } catch (error) {
    const failure = failureOf(error)
    reporter.fail(failure)
    return failure.exit
  }
}

function dryRun(host: Host, options: InstallOptions): number {
  const facts = gatherFacts(host, options)
  const decision = decideByOptions(host, facts, options)
  const outline = installOutline(facts, decision)
  host.print(options.json ? `${JSON.stringify(outline, undefined, 2)}\n` : outlineText(outline, decision))
  return 0
}

function decideByOptions(host: Host, facts: InstallFacts, options: InstallOptions): InstallDecision {
  const wanted = options.device ?? facts.settings.device
  return decide(host, facts, resolveWish(host, wanted, options.atBoot ? patienceAtBootMs : 0))
}

/** Does what was decided. @throws InstallError, SourceError, AgentError */
export function install(
  host: Host,
  facts: InstallFacts,
  decision: InstallDecision,
  reporter: Reporter,
): void {
  const { payload, arch, firmware, settings } = facts
  const { disk } = decision.chosen
  const begun = host.uptime()
  const image = `${payload.image.name} ${payload.image.version}`
  reporter.start({ device: disk.path, image, steps: decision.steps.length })
  for (const warning of decision.warnings) reporter.warn(warning)
  const session = {
    host,
    disk,
    arch,
    firmware,
    source: facts.source,
    payload,
    configs: facts.configs,
    env: settings.env,
    strict: settings.strict,
    registries: settings.registries,
    reporter,
    devices: {},
    numbered: new Map<number, string>(),
    mounted: [],
    openLoader: (bios: { readonly start: number; readonly sectors: number } | undefined) =>
      makeLoader(host, firmware, {
        esp: mountPoints.efi,
        arch,
        ...(bios ? { disk: { device: disk.path, ...bios } } : {}),
      }),
  }
  execute(decision.steps, session)
  reporter.done((host.uptime() - begun) / 1000)
  if (settings.end !== 'stay') host.run(['systemctl', '--no-block', settings.end])
}

function reporterOf(host: Host, { progress, atBoot }: InstallOptions): Reporter {
  if (progress === 'json') return jsonReporter(host)
  if (progress === undefined && host.env('KAIROS_AGENT_PROGRESS')) return fieldReporter(host)
  return textReporter(atBoot ? onAllConsoles(host) : host)
}
