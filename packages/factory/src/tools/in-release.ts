/**
 * When an InRelease file was signed, in seconds since 1970; undefined where it does not say. Only what stands between the
 * armour lines is signed (RFC 9580, cleartext signature framework), so only that is read.
 */
export function signedDate(inRelease: string): number | undefined {
  const [, signed = ''] =
    inRelease.match(/^-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?:[^\r\n]+\r?\n)*\r?\n([\s\S]*)$/) ?? []
  const [message = ''] = signed.split(/^-----BEGIN PGP SIGNATURE-----$/m)
  const date = Date.parse(message.match(/^Date: (.+)$/m)?.[1] ?? '')
  return Number.isNaN(date) ? undefined : date / 1000
}
