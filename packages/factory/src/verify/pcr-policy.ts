import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import * as z from 'zod'
import { Unreadable } from './bytes.ts'
import type { PeFile } from './pe.ts'

const SignedPolicy = z.object({ pcrs: z.array(z.int()), pkfp: z.string(), pol: z.string(), sig: z.string() })
type SignedPolicy = z.infer<typeof SignedPolicy>

/** Section .pcrsig (systemd, systemd-measure(1)): for each bank, signed policies. */
const Policies = z.record(z.string(), z.array(SignedPolicy))

/** Sections in the order in which systemd-stub measures them into PCR 11 (systemd, src/fundamental/uki.h). */
const measured = [
  '.linux',
  '.osrel',
  '.cmdline',
  '.initrd',
  '.ucode',
  '.splash',
  '.dtb',
  '.uname',
  '.sbat',
  '.pcrpkey',
] as const

const phases = ['enter-initrd', 'leave-initrd', 'sysinit', 'ready'] as const

/** Numbers of hash algorithms (TCG, Algorithm Registry). */
const algorithms: Readonly<Record<string, number>> = { sha1: 4, sha256: 11, sha384: 12, sha512: 13 }

export interface SignedPolicies {
  /** SHA-256 of the key in DER; 64 hex digits. */
  readonly key: string
  readonly banks: readonly string[]
}

/**
 * Checks the signed states of PCR 11 in a UKI: each policy is one that its sections lead to, and is signed by the key in it.
 * Computed here once more, since what is predicted wrong only shows when a disk does not open.
 * @throws Unreadable where one is not
 */
export function checkPolicies({ sections }: PeFile): SignedPolicies {
  const [keyText, policyText] = [sections.get('.pcrpkey'), sections.get('.pcrsig')]
  if (!keyText || !policyText) throw new Unreadable('it has no signed states')
  const { key, fingerprint } = readKey(keyText)
  const banks = readPolicies(policyText)
  for (const [bank, policies] of Object.entries(banks)) {
    if (!(bank in algorithms)) throw new Unreadable(`there is no bank ${bank}`)
    const expected = expectedPolicies(sections, bank)
    for (const policy of policies) {
      const problem = policyProblem(policy, { bank, key, fingerprint, expected })
      if (problem !== undefined) throw new Unreadable(problem)
    }
  }
  return { key: fingerprint, banks: Object.keys(banks) }
}

interface PolicyCheck {
  readonly bank: string
  readonly key: KeyObject
  readonly fingerprint: string
  readonly expected: ReadonlySet<string>
}

function policyProblem({ pkfp, pol, sig }: SignedPolicy, check: PolicyCheck): string | undefined {
  const { bank, key, fingerprint, expected } = check
  if (pkfp !== fingerprint) return `a state in ${bank} names another key`
  if (!expected.has(pol)) return `a state in ${bank} is none that it leads to`
  // systemd-measure signs with the hash of the bank.
  const holds = verify(bank, Buffer.from(pol, 'hex'), key, Buffer.from(sig, 'base64'))
  return holds ? undefined : `the signature of a state in ${bank} does not hold`
}

function readKey(text: Buffer) {
  try {
    const key = createPublicKey(text.toString('utf8').replace(/\0+$/, ''))
    const der = key.export({ type: 'pkcs1', format: 'der' })
    return { key, fingerprint: createHash('sha256').update(der).digest('hex') }
  } catch {
    throw new Unreadable('the key in it is no RSA key')
  }
}

function readPolicies(text: Buffer): z.infer<typeof Policies> {
  try {
    return Policies.parse(JSON.parse(text.toString('utf8').replace(/\0+$/, '')))
  } catch {
    throw new Unreadable('its signed states are not what systemd-measure writes')
  }
}

/** Policies for the state after each phase; hex digits. */
function expectedPolicies(sections: PeFile['sections'], bank: string): Set<string> {
  let value = Buffer.alloc(createHash(bank).digest().length)
  const extend = (content: Buffer) => {
    const digest = createHash(bank).update(content).digest()
    value = createHash(bank).update(value).update(digest).digest()
  }
  for (const name of measured) {
    const content = sections.get(name)
    if (!content) continue
    extend(Buffer.from(`${name}\0`))
    extend(content)
  }
  const policies = new Set<string>()
  for (const phase of phases) {
    extend(Buffer.from(phase))
    policies.add(policyOf(value, bank))
  }
  return policies
}

/** TPM2_PolicyPCR of PCR 11 alone, in a session of SHA-256 (TCG, TPM 2.0 Library, Part 3, 23.7). */
function policyOf(value: Buffer, bank: string): string {
  const selection = Buffer.alloc(10)
  selection.writeUInt32BE(1, 0)
  selection.writeUInt16BE(algorithms[bank] ?? 0, 4)
  selection.set([3, 0, 1 << 3, 0], 6)
  const command = Buffer.from([0, 0, 1, 0x7f])
  const digest = createHash('sha256').update(value).digest()
  return createHash('sha256')
    .update(Buffer.concat([Buffer.alloc(32), command, selection, digest]))
    .digest('hex')
}
