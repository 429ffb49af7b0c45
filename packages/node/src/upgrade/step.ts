/** Where an upgrade is; kept in the record of the node. */
export const phases = ['preflight', 'fetch', 'verify', 'arm', 'reboot'] as const
export type Phase = (typeof phases)[number]

/** One thing to do, as plain data. `execute.ts` has one function for each kind; each can be done again. */
export type UpgradeStep =
  /** Runs what cloud-configs have for a stage. */
  | { readonly kind: 'hook'; readonly stage: 'before-upgrade' | 'after-upgrade' }
  /** Notes what is going to be done. */
  | { readonly kind: 'begin' }
  /** Lets these generations go, and all that nobody needs. */
  | { readonly kind: 'release'; readonly generations: readonly number[] }
  /**
   * Brings the payload's files into an unfinished slot, reads each back, and gives the slot its name; then the boot files to
   * the EFI partition.
   */
  | { readonly kind: 'fetch' }
  /** Reads the root image against its root hash. */
  | { readonly kind: 'verify' }
  /** Renews the boot loader. */
  | { readonly kind: 'loader'; readonly version: string }
  /** Makes the slot a generation that the next boot tries. */
  | { readonly kind: 'arm' }
  /** Makes the slot the recovery system. */
  | { readonly kind: 'recovery' }
  /** Notes that what was begun is done. */
  | { readonly kind: 'finish' }
  /** Lets go of what was armed before and never tried. */
  | { readonly kind: 'settle' }

/** The phase that a step belongs to; none where it leaves the phase as it is. */
export const phaseOf: { readonly [K in UpgradeStep['kind']]: Phase | undefined } = {
  hook: undefined,
  begin: 'fetch',
  release: undefined,
  fetch: 'fetch',
  verify: 'verify',
  loader: 'arm',
  arm: 'arm',
  recovery: 'arm',
  finish: undefined,
  settle: undefined,
}

/** What a step is about, in a few words. */
export function stepText(step: UpgradeStep): string {
  switch (step.kind) {
    case 'hook':
      return `hooks of ${step.stage}`
    case 'begin':
      return 'note what is begun'
    case 'release':
      return step.generations.length === 0
        ? 'remove what nobody needs'
        : `make room: let go of generation ${step.generations.join(', ')}`
    case 'fetch':
      return 'fetch the payload'
    case 'verify':
      return 'verify the root image'
    case 'loader':
      return `renew the boot loader (${step.version})`
    case 'arm':
      return 'arm the new generation'
    case 'recovery':
      return 'replace the recovery system'
    case 'finish':
      return 'note that it is done'
    case 'settle':
      return 'tidy up'
  }
}
