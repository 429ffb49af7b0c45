import { sizeText } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { withLifecycleLock } from '../lifecycle/lock.ts'
import { askUser } from './ask-user.ts'
import { type DiskWish, describeDisk, objectionTo, objectionToAuto } from './choose-disk.ts'
import { decide, type InstallDecision } from './decide.ts'
import { InstallError } from './error.ts'
import { failureOf } from './failure.ts'
import { gatherFacts, type InstallFacts } from './gather.ts'
import { unmountLeftovers } from './mounts.ts'
import type { InstallOptions } from './options.ts'
import { installOutline, summaryText } from './outline.ts'
import { textReporter } from './report.ts'
import { install } from './run.ts'
import { openTerminal, type Terminal } from './terminal.ts'

/** Asks for what is needed, shows what will be done, and installs when the name of the disk is typed. @returns the exit code */
export function runInteractive(host: Host, options: InstallOptions): number {
  const terminal = openTerminal(host)
  try {
    // Under the lock: what another installation has mounted is no leftover.
    withLifecycleLock(host, 'install', () => unmountLeftovers(host))
    const known = gatherFacts(host, options)
    terminal.say(banner(known))
    const wish = askDisk(terminal, known, options.device)
    const user = askUser(host, terminal, known)
    const facts = gatherFacts(
      host,
      { ...options, end: options.end ?? askEnd(terminal, known) },
      user ? [user] : [],
    )
    const decision = decide(host, facts, wish)
    terminal.say(`\n${summaryText(installOutline(facts, decision), decision)}\n`)
    confirm(terminal, decision)
    withLifecycleLock(host, 'install', () => install(host, facts, decision, textReporter(host)))
    if (facts.settings.end === 'stay') terminal.say('Take the medium out and restart: systemctl reboot\n')
    return 0
  } catch (error) {
    const failure = failureOf(error)
    terminal.say(`\n${failure.message}\n${failure.advice ?? ''}\n`)
    // The system starts it again then; not before somebody has read this.
    if (options.atBoot && failure.reason !== 'aborted') awaitEnter(terminal)
    return failure.exit
  } finally {
    terminal.close()
  }
}

function awaitEnter(terminal: Terminal): void {
  try {
    terminal.ask('Press Enter to begin again.')
  } catch (error) {
    if (!(error instanceof InstallError)) throw error
  }
}

function banner({ payload, source }: InstallFacts): string {
  const { name, version } = payload.image
  return `\nThis installs ${name} ${version} from ${source.reference}.\nCtrl-C calls it off; nothing is written before the last question.\n\n`
}

function askDisk(terminal: Terminal, { disks, needs }: InstallFacts, named: string | undefined): DiskWish {
  if (named?.startsWith('/')) return { kind: 'named', given: named, path: named }
  const possible = disks.filter(
    (disk) => objectionTo(disk, needs) === undefined && disk.bytes >= needs.leastBytes,
  )
  const others = disks.filter((disk) => !possible.includes(disk))
  if (possible.length === 0) {
    const seen = others.map((disk) => `${describeDisk(disk)}: ${objectionToAuto(disk, needs)}`)
    throw new InstallError('no-disk', `${seen.join('; ') || 'The machine has no disk'}.`)
  }
  const rows = possible.map((disk, index) => {
    const content = disk.table ?? disk.fileSystem
    const holds = content === undefined ? 'empty' : `holds ${content}, ${disk.partitions.length} partitions`
    const note = disk.removable ? ', can be taken out' : ''
    return `  ${index + 1}  ${describeDisk(disk)} (${holds}${note})`
  })
  const refused = others.map((disk) => `     ${describeDisk(disk)}: ${objectionToAuto(disk, needs)}`)
  terminal.say(
    `${['Disks:', ...rows, ...refused].join('\n')}\nAt least ${sizeText(needs.leastBytes)} are needed.\n`,
  )
  for (;;) {
    const answer = terminal.ask('Which disk? Its number or path:')
    const disk = possible.find(({ path, name }, index) => [String(index + 1), path, name].includes(answer))
    if (disk) return { kind: 'named', given: disk.path, path: disk.path }
    terminal.say(`"${answer}" is none of them.\n`)
  }
}

const ends = { r: 'reboot', p: 'poweroff', n: undefined } as const

/** What the cloud-config says is not asked again. */
function askEnd(terminal: Terminal, { settings }: InstallFacts): 'reboot' | 'poweroff' | undefined {
  if (settings.end !== 'stay') return settings.end
  for (;;) {
    const answer = (terminal.ask('When it is done: [r]estart, [p]ower off, or [n]othing? [r]') || 'r').slice(
      0,
      1,
    )
    if (Object.hasOwn(ends, answer)) return ends[answer as keyof typeof ends]
  }
}

const confirmations = 3

function confirm(terminal: Terminal, { chosen, target }: InstallDecision): void {
  const { name } = chosen.disk
  const loss =
    target.kind === 'adopted'
      ? `The system on ${name} will be replaced`
      : `Everything on ${name} will be lost`
  for (let attempt = 0; attempt < confirmations; attempt++) {
    const answer = terminal.ask(`${loss}. Type ${name} to go on, nothing to call it off:`)
    if (answer === name || answer === `/dev/${name}`) return
    if (answer === '') break
  }
  throw new InstallError('aborted', 'Not confirmed.')
}
