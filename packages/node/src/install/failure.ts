import { type ExitName, exitCodes } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import { DiskToolError } from '../disk/tool.ts'
import { HostError } from '../host/host.ts'
import { SourceError, type SourceReason } from '../source/error.ts'
import { InstallError, installFacts } from './error.ts'

/** An expected failure, as it is told. */
export interface InstallFailure {
  readonly reason: string
  /** What is wrong, and with what. */
  readonly message: string
  readonly advice: string | undefined
  readonly exit: number
}

/** @throws what is no expected failure: a defect */
export function failureOf(error: unknown): InstallFailure {
  if (error instanceof InstallError) return failure(error, error.title, installFacts[error.reason].exit)
  if (error instanceof AgentError) return failure(error, error.title, 'environment')
  if (error instanceof SourceError) return failure(error, error.title, sourceExit(error.reason))
  if (error instanceof DiskToolError) {
    const { title, advice, exit } = installFacts['disk-failed']
    return failure({ reason: 'disk-failed', message: error.message, advice }, title, exit)
  }
  if (error instanceof HostError) {
    const advice = error.errno === 'EACCES' || error.errno === 'EPERM' ? 'Run it as root.' : undefined
    const { errno: reason, message } = error
    return { reason, message, advice, exit: exitCodes.environment }
  }
  throw error
}

function failure(
  error: { readonly reason: string; readonly message: string; readonly advice: string },
  title: string,
  exit: ExitName,
): InstallFailure {
  const { reason, message, advice } = error
  return { reason, message: `${title}: ${message}`, advice, exit: exitCodes[exit] }
}

function sourceExit(reason: SourceReason): ExitName {
  if (reason === 'unreachable' || reason === 'truncated') return 'network'
  if (reason === 'digest-mismatch' || reason === 'untrusted' || reason === 'insecure') return 'verification'
  return reason === 'bad-reference' || reason === 'bad-settings' ? 'config' : 'environment'
}
