import { utf8Bytes } from '@kiln/contract'
import { hasErrno } from '../../host/host.ts'
import { exists, listIfThere } from '../../host/tree.ts'
import { encodeBase64 } from '../base64.ts'
import { type Actor, OperationError, runOrFail } from './actor.ts'
import type { GitOperation } from './operation.ts'

/** Makes a folder what a branch of a repository is: cloned where there is none, else fetched and set to it. */
export function syncRepository(operation: GitOperation, actor: Actor): void {
  const { host, root } = actor
  const { url, branch, branchOnly } = operation
  const path = `${root}${operation.path}`
  const scratch = `${root}/run/kiln/git-${Math.floor(host.uptime() * 1000)}`
  try {
    const env = environmentOf(operation, scratch, actor)
    const git = (...args: string[]) => void runOrFail(actor, ['git', ...args], { env })
    if (!exists(host, path) || listIfThere(host, path).length === 0) {
      git('clone', '--quiet', '--branch', branch, ...(branchOnly ? ['--single-branch'] : []), '--', url, path)
      return
    }
    if (!exists(host, `${path}/.git`)) {
      git('-C', path, 'init', '--quiet')
      git('-C', path, 'remote', 'add', 'origin', url)
    } else git('-C', path, 'remote', 'set-url', 'origin', url)
    git('-C', path, 'fetch', '--quiet', 'origin', ...(branchOnly ? [branch] : []))
    git(
      '-C',
      path,
      'checkout',
      '--quiet',
      '--force',
      '-B',
      branch,
      branchOnly ? 'FETCH_HEAD' : `origin/${branch}`,
    )
    git('-C', path, 'reset', '--quiet', '--hard')
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error
    throw new OperationError('git is not in this image')
  } finally {
    host.remove(scratch, { recursive: true })
  }
}

/** Secrets go by the environment and by files, for arguments can be read by every user of a machine. */
function environmentOf({ auth }: GitOperation, scratch: string, { host }: Actor): Record<string, string> {
  const { username, password, private_key: key, public_key: known, insecure = false } = auth
  const settings: [name: string, value: string][] = []
  if (username !== undefined || password !== undefined) {
    const pair = encodeBase64(utf8Bytes(`${username ?? ''}:${password ?? ''}`))
    settings.push(['http.extraHeader', `Authorization: Basic ${pair}`])
  }
  if (insecure) settings.push(['http.sslVerify', 'false'])
  const ssh = ['ssh', '-o', 'BatchMode=yes', '-o', `StrictHostKeyChecking=${insecure ? 'no' : 'yes'}`]
  if (key !== undefined || known !== undefined) host.mkdir(scratch, { recursive: true, mode: 0o700 })
  if (key !== undefined) {
    host.write(`${scratch}/key`, `${key.trimEnd()}\n`, { mode: 0o600 })
    ssh.push('-i', `${scratch}/key`, '-o', 'IdentitiesOnly=yes')
  }
  if (known !== undefined) {
    host.write(`${scratch}/known`, `${known.trimEnd()}\n`, { mode: 0o600 })
    ssh.push('-o', `UserKnownHostsFile=${scratch}/known`)
  }
  return {
    GIT_TERMINAL_PROMPT: '0',
    GIT_SSH_COMMAND: ssh.join(' '),
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([name, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, name],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  }
}
