import type { DnsConfig } from '@kiln/contract/cloud-config/schema/modules/files'
import type { Operation } from '../operations/operation.ts'
import { systemFile } from './files.ts'

/** resolv.conf(5): search, nameservers, options, in the order of the field; a search for `.` is none. */
export function planDns({
  nameservers = [],
  search = [],
  options = [],
  path = '/etc/resolv.conf',
}: DnsConfig): Operation[] {
  const domains = search.join(' ')
  const lines = [
    ...(domains === '' || domains === '.' ? [] : [`search ${domains}`]),
    ...nameservers.map((server) => `nameserver ${server}`),
    ...(options.length === 0 ? [] : [`options ${options.join(' ')}`]),
  ]
  return [systemFile(path, lines.map((line) => `${line}\n`).join(''))]
}
