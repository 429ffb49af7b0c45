import type { Payload } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import { type Host, hasErrno } from '../host/host.ts'

/** veritysetup(8): reads a root image block by block against its hash tree, and that against the root hash. */

/** @throws AgentError slot-damaged, tool-failed where there is no veritysetup */
export function verifyRootImage(host: Host, path: string, { rootHash, hashOffset }: Payload['root']): void {
  const offset = `--hash-offset=${hashOffset}`
  const { code, stdout, stderr } = runVeritysetup(host, [
    'veritysetup',
    'verify',
    path,
    path,
    rootHash,
    offset,
  ])
  if (code === 0) return
  const said = `${stdout}${stderr}`.trim().split('\n').at(-1) ?? ''
  throw new AgentError('slot-damaged', `${path} does not match its root hash: ${said}.`)
}

function runVeritysetup(host: Host, argv: readonly [string, ...string[]]) {
  try {
    return host.run(argv)
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error
    throw new AgentError('tool-failed', 'There is no veritysetup in this image.', error)
  }
}
