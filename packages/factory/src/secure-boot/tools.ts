import { KilnError } from '@kiln/contract'
import { type Mount, runInSandbox, type SandboxRunOptions } from '../sandbox/sandbox.ts'
import { toolchainSandbox } from '../toolchain/toolchain.ts'
import { withOpenedKey } from '../tools/openssl.ts'
import type { RunResult } from '../tools/process.ts'

/**
 * What makes keys and signs: Debian packages of the toolchain's suite, in a root of its own beside the toolchain, since most
 * definitions sign nothing.
 */
export const signingToolPackages = [
  'efitools', // lists of signatures for firmware
  'libtss2-esys-3.0.2-0t64', // systemd-measure loads these two when it calculates a policy
  'libtss2-rc0t64',
  'openssl',
  'osslsigncode',
  'python3-virt-firmware', // certificates of Microsoft
  'sbsigntool', // looks at what osslsigncode signed
  'systemd', // systemd-measure
  'systemd-ukify',
] as const

/** Result of a toolchain step with those packages. */
export interface SigningTools {
  readonly folder: string
}

export interface SigningRun extends Pick<SandboxRunOptions, 'onLine' | 'signal' | 'env' | 'explain'> {
  readonly tools: SigningTools
  readonly scratch: string
  readonly mounts: readonly Mount[]
}

export function runSigningTool(argv: readonly [string, ...string[]], run: SigningRun): Promise<RunResult> {
  const { tools, scratch, mounts, ...rest } = run
  return runInSandbox(toolchainSandbox(tools, scratch, mounts), argv, rest)
}

/** A private key: a file, and what opens it where it is encrypted. */
export interface PrivateKey {
  readonly file: string
  readonly password: string | undefined
}

/** Where a program in the sandbox finds the opened key: in memory, gone with the sandbox. */
export const openedKey = '/tmp/opened.key'

/**
 * Runs a program that reads the opened key.
 * @throws KilnError E-KEYS-PASSWORD where the password does not open it
 */
export function runWithKey(key: PrivateKey, argv: readonly string[], run: SigningRun): Promise<RunResult> {
  const place = '/run/work/private.key'
  const { tools, scratch, mounts, explain, ...rest } = run
  const mounted: Mount = { kind: 'file-ro', source: key.file, target: place }
  return runInSandbox(
    toolchainSandbox(tools, scratch, [...mounts, mounted]),
    ['sh', '-euc', withOpenedKey, 'sh', place, openedKey, ...argv],
    {
      ...rest,
      input: `${key.password ?? ''}\n`,
      explain: (output) => keyProblem(key, output) ?? explain?.(output),
    },
  )
}

function keyProblem({ file, password }: PrivateKey, output: string): KilnError | undefined {
  if (!/bad decrypt|wrong password|Could not (find|read)[^\n]*key|bad password read/i.test(output))
    return undefined
  return wrongPassword(file, password)
}

export function wrongPassword(file: string, password: string | undefined): KilnError {
  const message =
    password === undefined ? 'is encrypted, and there is no password' : 'is not opened by the password'
  return new KilnError('E-KEYS-PASSWORD', `${file} ${message}`, { place: { file }, hint: passwordHint })
}

export const passwordHint =
  'put the password into a file that only you can read, and name it: KILN_KEYS_PASSWORD_FILE=FILE or --password-file FILE'
