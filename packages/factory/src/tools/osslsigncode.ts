/**
 * Arguments for osslsigncode, which signs programs for UEFI. Unlike sbsign it takes the time of signing as an option, so that
 * the same key gives the same bytes again.
 */
interface SigningOptions {
  readonly certificate: string
  readonly key: string
  /** Seconds since 1970. */
  readonly epoch: number
  readonly source: string
  readonly target: string
}

export function signArguments(options: SigningOptions): string[] {
  const { certificate, key, epoch, source, target } = options
  return [
    ...['osslsigncode', 'sign', '-h', 'sha256', '-time', String(epoch)],
    ...['-certs', certificate, '-key', key, '-in', source, '-out', target],
  ]
}

/** What is to be signed of a program, in a file of its own: a hundred bytes that can be carried to where the key is. */
export function extractArguments(source: string, target: string): [string, ...string[]] {
  return ['osslsigncode', 'extract-data', '-h', 'sha256', '-in', source, '-out', target]
}

/** Joins a program and what was made of its extract elsewhere. */
export function attachArguments(options: {
  readonly signature: string
  readonly certificate: string
  readonly source: string
  readonly target: string
}): [string, ...string[]] {
  const { signature, certificate, source, target } = options
  const place = ['-sigin', signature, '-CAfile', certificate, '-in', source, '-out', target]
  return ['osslsigncode', 'attach-signature', ...place]
}

/** The command for the machine that has the key, as a person types it. */
export function signElsewhere(extract: string, signature: string): string {
  return `osslsigncode sign -h sha256 -certs db.pem -key db.key -in ${extract} -out ${signature}`
}
