import { sign, verify } from 'node:crypto'
import { basename } from 'node:path'
import type { DocumentArtifact } from '@kiln/contract'
import { bundleToJSON, toDSSEBundle } from '@sigstore/bundle'
import * as z from 'zod'
import { fileDigest } from '../resolve/digest.ts'
import { hintIn, readBundle, type SignatureVerdict } from './bundle.ts'
import type { NamedKey } from './keys.ts'

/** What is attested of an artifact is a document about its image. */
export type AttestationKind = DocumentArtifact

/** Of each kind, the type of its predicate, and what stands behind the artifact's name. */
export const attestationKinds = {
  spdx: { type: 'https://spdx.dev/Document', suffix: '.spdx.json.att' },
  cyclonedx: { type: 'https://cyclonedx.org/bom', suffix: '.cdx.json.att' },
  provenance: { type: 'https://slsa.dev/provenance/v1', suffix: '.att' },
} as const satisfies Record<AttestationKind, { readonly type: string; readonly suffix: string }>

/** in-toto's name for its statements in an envelope. */
const payloadType = 'application/vnd.in-toto+json'

const Statement = z.object({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.array(z.object({ name: z.string(), digest: z.record(z.string(), z.string()) })),
  predicateType: z.string(),
})

/**
 * Binds a predicate to a file: an in-toto statement in a DSSE envelope, signed, as a Sigstore bundle. cosign
 * verify-blob-attestation takes it.
 */
export async function attestation(
  file: string,
  { kind, predicate }: { readonly kind: AttestationKind; readonly predicate: unknown },
  { key, hint }: NamedKey,
): Promise<string> {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: basename(file), digest: { sha256: await fileDigest(file) } }],
    predicateType: attestationKinds[kind].type,
    predicate,
  }
  const artifact = Buffer.from(JSON.stringify(statement))
  const signature = sign('sha256', preAuthEncoding(artifact), key)
  const bundle = toDSSEBundle({ artifact, artifactType: payloadType, signature, keyHint: hint })
  // The hint stands beside the envelope. As a key's name in it, DSSE's verifier in cosign takes it for the name of another key.
  for (const each of bundle.content.dsseEnvelope.signatures) each.keyid = ''
  return `${JSON.stringify(bundleToJSON(bundle))}\n`
}

/** Whether one of the keys attests that of the file. The signature is checked before anything of the statement is believed. */
export async function verifyAttestation(
  file: string,
  text: string,
  { kind, keys }: { readonly kind: AttestationKind; readonly keys: readonly NamedKey[] },
): Promise<SignatureVerdict> {
  const bundle = readBundle(text)
  if (bundle?.content.$case !== 'dsseEnvelope') {
    return { kind: 'invalid', why: 'the bundle is none with an attestation' }
  }
  const { payload, payloadType: type, signatures } = bundle.content.dsseEnvelope
  const hint = hintIn(bundle)
  const encoded = preAuthEncoding(payload, type)
  const signer = keys.find(({ key }) => signatures.some(({ sig }) => verify('sha256', encoded, key, sig)))
  if (!signer) {
    return keys.some((each) => each.hint === hint)
      ? { kind: 'invalid', why: 'the signature is not one of this statement' }
      : { kind: 'untrusted', hint }
  }
  const why = await claimProblem(file, payload, kind)
  return why === undefined ? { kind: 'valid', hint: signer.hint } : { kind: 'invalid', why }
}

async function claimProblem(
  file: string,
  payload: Buffer,
  kind: AttestationKind,
): Promise<string | undefined> {
  const read = Statement.safeParse(parsed(payload))
  if (!read.success) return 'what is signed is no statement of in-toto, version 1'
  const { subject, predicateType } = read.data
  if (predicateType !== attestationKinds[kind].type) return `it attests ${predicateType}`
  const digest = await fileDigest(file)
  return subject.some((each) => each.digest.sha256 === digest) ? undefined : 'it is about another file'
}

function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'))
  } catch {
    return undefined
  }
}

/** DSSE v1, "Signature Definition": what is signed is the type and the bytes, each with its length. */
function preAuthEncoding(payload: Buffer, type: string = payloadType): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload])
}
