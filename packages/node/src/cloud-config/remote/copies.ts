import * as z from 'zod/mini'
import type { Host } from '../../host/host.ts'
import { fileDigest } from '../../host/sha256sum.ts'
import { readIfThere } from '../../host/tree.ts'
import { withWorkFolder } from '../../host/work-folder.ts'

/** The last good text of each address, so that a machine without network starts as it did before. */
const Copy = z.object({
  schema: z.literal('kiln.remote-config/v1'),
  url: z.string(),
  /** ISO 8601. */
  at: z.string(),
  digest: z.string(),
  text: z.string(),
})
export type Copy = z.infer<typeof Copy>

/** Not a folder of cloud-configs: no name ends with .yaml. */
export const copiesFolder = '/oem/.kiln/remote-configs'
const secret = 0o600

/** @returns undefined where there is none, or where it is damaged */
export function readCopy(host: Host, root: string, url: string): Copy | undefined {
  try {
    const copy = z.parse(Copy, JSON.parse(readIfThere(host, copyPath(host, root, url)) ?? ''))
    return copy.url === url ? copy : undefined
  } catch {
    return undefined
  }
}

export function writeCopy(host: Host, root: string, copy: Omit<Copy, 'schema'>): void {
  host.mkdir(`${root}${copiesFolder}`, { recursive: true, mode: 0o700 })
  const text = `${JSON.stringify({ schema: 'kiln.remote-config/v1', ...copy })}\n`
  host.writeAtomic(copyPath(host, root, copy.url), text, { mode: secret })
}

/** Named by the address, which may hold what is secret, and any letters. */
function copyPath(host: Host, root: string, url: string): string {
  const name = withWorkFolder(host, '/run/kiln/remote', (folder) => {
    host.write(`${folder}/url`, url, { mode: secret })
    return fileDigest(host, `${folder}/url`).replace('sha256:', '')
  })
  return `${root}${copiesFolder}/${name}.json`
}
