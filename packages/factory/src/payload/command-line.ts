/** The kernel command line inside the UKI. What says where the root lies is added by each carrier. */
export interface CommandLineParts {
  readonly rootHash: string
  /** Bytes. */
  readonly hashOffset: number
  /** The user's own words. */
  readonly added: readonly string[]
}

/** As the field has it: both consoles, stable interface names, and a machine that restarts instead of hanging. */
const common = [
  'console=ttyS0',
  'console=tty1',
  'net.ifnames=1',
  'panic=5',
  'rd.shell=0',
  'rd.emergency=reboot',
  'systemd.crash_reboot=yes',
  'selinux=0',
]

export function commandLine({ rootHash, hashOffset, added }: CommandLineParts): string {
  return [`kiln.roothash=${rootHash}`, `kiln.hashoffset=${hashOffset}`, ...common, ...added].join(' ')
}
