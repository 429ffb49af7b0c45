/** Arguments for efitools, which writes the lists of signatures that firmware keeps. */
export type SecureBootVariable = 'PK' | 'KEK' | 'db' | 'dbx'

export function certificateListArguments(owner: string, pem: string, target: string): [string, ...string[]] {
  return ['cert-to-efi-sig-list', '-g', owner, pem, target]
}

/** A list with the digest of a program, by which it is refused. */
export function programListArguments(program: string, target: string): [string, ...string[]] {
  return ['hash-to-efi-sig-list', program, target]
}

interface UpdateOptions {
  readonly variable: SecureBootVariable
  readonly list: string
  /** When it was made: firmware takes no update that is older than what it has. */
  readonly time: Date
  readonly target: string
}

/** What is to be signed of an update. */
export function updateExtractArguments(options: UpdateOptions): [string, ...string[]] {
  const { variable, list, time, target } = options
  return ['sign-efi-sig-list', '-t', timeText(time), '-o', variable, list, target]
}

/** The update, with its signature: a file `.auth` that firmware and boot loaders take. */
export function updateArguments(signature: string, options: UpdateOptions): [string, ...string[]] {
  const { variable, list, time, target } = options
  return ['sign-efi-sig-list', '-t', timeText(time), '-i', signature, variable, list, target]
}

/** `2026-01-31 12:00:00`, in UTC as everything in a sandbox. */
function timeText(time: Date): string {
  return time.toISOString().slice(0, 19).replace('T', ' ')
}
