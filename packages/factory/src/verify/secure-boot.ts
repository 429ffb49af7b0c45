import type { Payload } from '@kiln/contract'
import { readSignatures } from './authenticode.ts'
import { type Bytes, wholeOf } from './bytes.ts'
import type { Esp } from './esp.ts'
import { checkPolicies } from './pcr-policy.ts'
import { readPe } from './pe.ts'
import type { Report } from './report.ts'
import { readUpdate, type SignatureList } from './signature-list.ts'

const keysFolder = 'loader/keys/auto'

/**
 * What firmware with Secure Boot would do with the programs of an EFI partition: each is signed by whom the card of the payload
 * names, over what it is now, and by a certificate that the keys beside it trust and do not refuse. Nothing where the payload is
 * not signed.
 */
export async function verifySecureBoot(esp: Esp, card: Payload, report: Report): Promise<void> {
  const { signed } = card
  if (!signed) return
  const trusted = await readKeys(esp, 'db.auth', report)
  const refused = await readKeys(esp, 'dbx.auth', report)
  if (trusted) {
    for (const name of ['KEK.auth', 'PK.auth']) {
      const isThere = (await readKeys(esp, name, report)) !== undefined
      report.note(
        `${keysFolder}/${name}`,
        'is there, as the boot loader needs it',
        !isThere && 'it is missing',
      )
    }
  }
  const wanted = signed.certificate.replace(/^sha256:/, '')
  for (const path of esp.paths(/\.efi$/i)) {
    const bytes = esp.file(path)
    if (bytes) await verifyProgram(path, bytes, { wanted, trusted, refused }, report)
  }
}

interface Trust {
  /** SHA-256 of the certificate that the card names; hex digits. */
  readonly wanted: string
  readonly trusted: SignatureList | undefined
  readonly refused: SignatureList | undefined
}

async function verifyProgram(path: string, bytes: Bytes, trust: Trust, report: Report): Promise<void> {
  const { wanted, trusted, refused } = trust
  const what = 'its signatures hold'
  const signatures = await report.read(path, what, async () => readSignatures(await wholeOf(bytes)))
  if (!signatures) return
  const signers = signatures.map(({ signer }) => fingerprint(signer))
  const problem = signers.length === 0 ? 'it is not signed' : `it is signed by ${signers.join(', ')}`
  report.note(path, `signed by ${wanted}`, !signers.includes(wanted) && problem)
  if (trusted) {
    const isTrusted = signers.some((signer) => trusted.certificates.has(signer))
    report.note(
      path,
      'trusted by the keys beside it',
      !isTrusted && 'firmware with these keys does not start it',
    )
  }
  const isRefused =
    signers.some((signer) => refused?.certificates.has(signer)) ||
    signatures.some(({ digest }) => refused?.programs.has(digest))
  report.note(path, 'not revoked', isRefused && 'the dbx beside it refuses it')
}

/** The signed states of PCR 11 in a UKI, where the card names the key that signs them. */
export async function verifyMeasuredBoot(
  place: string,
  bytes: Bytes,
  { signed }: Payload,
  report: Report,
): Promise<void> {
  if (signed?.pcrKey === undefined) return
  const found = await report.read(place, 'the signed states of PCR 11 follow from it', async () =>
    checkPolicies(readPe(await wholeOf(bytes))),
  )
  const key = signed.pcrKey.replace(/^sha256:/, '')
  if (found)
    report.note(place, 'signed states by the key of the card', found.key !== key && `it is ${found.key}`)
}

async function readKeys(esp: Esp, name: string, report: Report): Promise<SignatureList | undefined> {
  const path = `${keysFolder}/${name}`
  const bytes = esp.file(path)
  return (
    bytes &&
    report.read(path, 'an update of a firmware variable', async () => readUpdate(await wholeOf(bytes)))
  )
}

/** Of a certificate in DER, as the card has it. */
function fingerprint({ fingerprint256 }: { readonly fingerprint256: string }): string {
  return fingerprint256.replaceAll(':', '').toLowerCase()
}
