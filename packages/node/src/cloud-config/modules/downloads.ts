import type { DownloadConfig } from '@kiln/contract/cloud-config/schema/modules/files'
import type { Operation } from '../operations/operation.ts'
import { type PlanContext, withText } from '../plan/context.ts'

const defaultMode = 0o644

/** A path that ends in `/` gets the last name of the address. */
export function planDownloads(downloads: readonly DownloadConfig[], context: PlanContext): Operation[] {
  return downloads.flatMap(({ path, url, permissions, timeout, checksum, ...ownership }) =>
    withText(context, `download ${path}`, url, (address) => {
      const name = nameIn(address)
      if (path.endsWith('/') && name === '') {
        return {
          kind: 'impossible',
          message: `download ${address}: the address has no file name; write one behind ${path}`,
        }
      }
      return {
        kind: 'download',
        url: address,
        path: path.endsWith('/') ? path + name : path,
        mode: permissions ?? defaultMode,
        ownership,
        checksum,
        timeoutMs: timeout === undefined ? undefined : timeout * 1000,
      }
    }),
  )
}

function nameIn(address: string): string {
  const path = address.replace(/^[a-z]+:\/\/[^/?#]*/, '').replace(/[?#].*$/, '')
  return path.slice(path.lastIndexOf('/') + 1)
}
