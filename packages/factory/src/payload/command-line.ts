import { type Architecture, architectureFacts } from '@kiln/contract'

/** The kernel command line inside the UKI. What says where the root lies is added by each carrier. */
export interface CommandLineParts {
  readonly arch: Architecture
  /** Serial consoles, where they are not those of the architecture. */
  readonly serial?: readonly string[] | undefined
  readonly rootHash: string
  /** Bytes. */
  readonly hashOffset: number
  /** The user's own words. */
  readonly added: readonly string[]
}

/** As the field has it: both consoles, stable interface names, and a machine that restarts instead of hanging. */
const common = [
  'console=tty1',
  'net.ifnames=1',
  'panic=5',
  'rd.shell=0',
  'rd.emergency=reboot',
  'systemd.crash_reboot=yes',
  'selinux=0',
]

export function commandLine({
  arch,
  serial = architectureFacts[arch].serial,
  rootHash,
  hashOffset,
  added,
}: CommandLineParts): string {
  const consoles = serial.map((name) => `console=${name}`)
  return [
    `kiln.roothash=${rootHash}`,
    `kiln.hashoffset=${hashOffset}`,
    ...consoles,
    ...common,
    ...added,
  ].join(' ')
}
