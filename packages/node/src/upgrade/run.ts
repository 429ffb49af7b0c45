import { changesBetween, findGeneration, type Payload } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import { nodeConfig } from '../cloud-config/gather.ts'
import type { Host } from '../host/host.ts'
import { exists } from '../host/tree.ts'
import { failureOf } from '../install/failure.ts'
import { checkAdmin } from '../install/plan-checks.ts'
import { withLifecycleLock } from '../lifecycle/lock.ts'
import { loadRecord, type Node, openNode } from '../lifecycle/node.ts'
import { powerOff, restart } from '../lifecycle/restart.ts'
import { slotFolder } from '../lifecycle/slots.ts'
import { nodeSourceOptions } from '../source/node-options.ts'
import { openSource, sourceText } from '../source/open.ts'
import { parseSource } from '../source/reference.ts'
import type { PayloadSource } from '../source/source.ts'
import { execute } from './execute.ts'
import { gatherFacts, slotPackages } from './facts.ts'
import { requireReference, type UpgradeOptions } from './options.ts'
import { type Outline, outlineOf, outlineText } from './outline.ts'
import { fetchPackages } from './packages.ts'
import { planUpgrade, type UpgradeFacts, type UpgradePlan } from './preflight.ts'
import { jsonReporter, silentReporter, textReporter } from './report.ts'

/** What became of an upgrade; the last line of `--json`. */
export interface UpgradeResult {
  readonly schema: 'kiln.upgrade/v1'
  readonly outcome: UpgradePlan['outcome'] | 'done'
  readonly reference: string
  readonly digest: string
  readonly slot: string
  readonly version: string
  readonly generation?: number
  readonly rebootNeeded: boolean
}

/** `kiln-agent upgrade`. @returns the exit code. @throws AgentError, SourceError, InstallError, HostError */
export function upgrade(host: Host, options: UpgradeOptions): number {
  try {
    const what = operationName(options)
    const result = withLifecycleLock(host, what, () => upgradeNode(openNode(host), options))
    if (result?.rebootNeeded && options.end) end(host, options.end)
    return 0
  } catch (error) {
    if (isData(options)) {
      const { reason, message, advice } = failureOf(error)
      host.print(`${JSON.stringify({ error: { reason, message, advice } })}\n`)
    }
    throw error
  }
}

/** For whoever is refused meanwhile. A reference is read first: one that cannot be shown is refused itself. */
function operationName({ recovery, reference }: UpgradeOptions): string {
  const to = reference === undefined ? '' : ` to ${sourceText(parseSource(reference))}`
  return `upgrade${recovery ? ' of recovery' : ''}${to}`
}

function isData({ json, progress }: UpgradeOptions): boolean {
  return json || progress === 'json'
}

/** The same, with the lifecycle lock held. @returns nothing where only the outline was asked for */
export function upgradeNode(node: Node, options: UpgradeOptions): UpgradeResult | undefined {
  const source = sourceOf(node, options)
  const facts = gatherFacts(node, source, options.recovery)
  const unused = options.unused.map((key) => `upgrade.${key} has no effect`)
  const warnings = [...checkAdminAccess(node.host), ...unused]
  const made = planUpgrade(facts)
  const plan = { ...made, warnings: [...made.warnings, ...warnings] }
  if (!options.dryRun) return perform(node, source, facts, plan, options)
  showOutline(node, source, facts, plan, options)
  return undefined
}

function sourceOf(node: Node, { reference, recovery, allowInsecure }: UpgradeOptions): PayloadSource {
  const { host, disk } = node
  const options = nodeSourceOptions(host, { allowInsecure })
  // Nothing has to be fetched: what runs and is good becomes the recovery system, too.
  const own = recovery && reference === undefined ? goodSlot(node) : undefined
  const text = own === undefined ? requireReference(reference) : `dir:${slotFolder(disk.state, own)}`
  return openSource(host, text, options)
}

/** The slot that runs. @throws AgentError bad-generation where nobody knows yet whether it is good */
function goodSlot(node: Node): string | undefined {
  const { generation: number, slot } = node.running
  const generation = number === undefined ? undefined : findGeneration(loadRecord(node), number)
  if (!generation) return undefined
  if (generation.status === 'good') return slot
  throw new AgentError('bad-generation', `Generation ${number} is ${generation.status}, not good.`)
}

/** As for an installation, and for the field's reason: /etc is made anew, and with it who may become root. */
function checkAdminAccess(host: Host): string[] {
  const { config } = nodeConfig(host)
  const noUsers = exists(host, '/etc/kairos/.nousers') || config.install?.nousers === true
  return checkAdmin([config], noUsers)
}

function showOutline(
  node: Node,
  source: PayloadSource,
  facts: UpgradeFacts,
  plan: UpgradePlan,
  options: UpgradeOptions,
): void {
  const { host, running } = node
  const to = { payload: facts.payload, packages: fetchPackages(host, source, facts.payload) }
  const changes =
    facts.current &&
    changesBetween({ payload: facts.current.payload, packages: slotPackages(node, running.slot) }, to)
  const outline: Outline = outlineOf(source.reference, facts, plan, changes)
  host.print(options.json ? `${JSON.stringify(outline, undefined, 2)}\n` : outlineText(outline))
}

function perform(
  node: Node,
  source: PayloadSource,
  facts: UpgradeFacts,
  plan: UpgradePlan,
  options: UpgradeOptions,
): UpgradeResult {
  const { host } = node
  const reporter =
    options.progress === 'json' ? jsonReporter : options.json ? () => silentReporter : textReporter
  const report = reporter(host)
  const { version } = facts.payload.image
  report.start({ reference: source.reference, from: facts.current?.payload.image.version, to: version })
  for (const warning of plan.warnings) report.warn(warning)
  const session = { node, source, facts, plan, report, generation: undefined as number | undefined }
  execute(plan.steps, session)
  const { generation } = session
  const result: UpgradeResult = {
    schema: 'kiln.upgrade/v1',
    outcome: plan.outcome === 'upgrade' ? 'done' : plan.outcome,
    reference: source.reference,
    digest: facts.digest,
    slot: plan.slot,
    version,
    ...(generation === undefined ? {} : { generation }),
    rebootNeeded: !facts.recovery && plan.outcome !== 'there',
  }
  host.print(isData(options) ? `${JSON.stringify({ result })}\n` : `${resultText(result, facts)}\n`)
  return result
}

function resultText({ outcome, version, generation }: UpgradeResult, { recovery }: UpgradeFacts): string {
  const what: Payload['image']['version'] = version
  if (outcome === 'there')
    return `${what} is ${recovery ? 'the recovery system' : 'what runs'} already: nothing to do.`
  if (recovery) return `${what} is the recovery system now.`
  const number = generation === undefined ? '' : ` as generation ${generation}`
  return `${what} is armed${number}; it runs from the next start on.`
}

function end(host: Host, kind: 'reboot' | 'poweroff'): void {
  if (kind === 'reboot') restart(host)
  else powerOff(host)
}
