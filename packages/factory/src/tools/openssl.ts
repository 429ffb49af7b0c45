/** Scripts around openssl, for the sandbox of the signing tools. A password comes by standard input, never as an argument. */

/**
 * Opens the private key `$1` into `$2`, which is in memory, and runs the rest with it. Whatever goes wrong with the key is
 * said by openssl.
 */
export const withOpenedKey = `
key=$1 opened=$2
shift 2
umask 077
openssl pkey -in "$key" -passin stdin -out "$opened" || exit 77
exec "$@"
`

/** Makes a key and a certificate that signs itself: `$1` name without ending, `$2` days, `$3` subject, `$4` `encrypt` or not. */
export const makeCertificate = `
umask 077
if [ "$4" = encrypt ]; then set -- "$1" "$2" "$3" -passout stdin; else set -- "$1" "$2" "$3" -noenc; fi
name=$1 days=$2 subject=$3
shift 3
openssl req -x509 -newkey rsa:2048 -sha256 -days "$days" -utf8 -subj "$subject" -keyout "$name.key" -out "$name.pem" "$@"
openssl x509 -in "$name.pem" -outform DER -out "$name.der"
chmod 0644 "$name.pem" "$name.der"
`

/** Makes a key pair: `$1` file of the private key, `$2` of the public one, `$3` `encrypt` or not. */
export const makeKeyPair = `
umask 077
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out /tmp/pair.pem
openssl pkey -in /tmp/pair.pem -pubout -out "$2"
chmod 0644 "$2"
if [ "$3" = encrypt ]; then openssl pkcs8 -topk8 -in /tmp/pair.pem -passout stdin -out "$1"
else cp /tmp/pair.pem "$1"; fi
`

/** Signs what a firmware variable shall be (UEFI, 8.2.2): `$1` file, `$2` certificate, `$3` opened key, `$4` the signature. */
export const signVariable =
  'openssl smime -sign -binary -md sha256 -signer "$2" -inkey "$3" -outform DER -noattr -in "$1" -out "$4"'

/** The same for the machine that has the key, as a person types it. */
export function signVariableElsewhere(extract: string, signer: string, signature: string): string {
  return (
    `openssl smime -sign -binary -md sha256 -signer ${signer}.pem -inkey ${signer}.key ` +
    `-outform DER -noattr -in ${extract} -out ${signature}`
  )
}
