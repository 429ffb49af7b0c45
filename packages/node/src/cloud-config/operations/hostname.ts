import { readIfThere } from '../../host/tree.ts'
import type { Actor } from './actor.ts'
import type { OperationOf } from './operation.ts'

/** Sets the host name now and in /etc, and lets it resolve to this machine. */
export function setHostname({ name }: OperationOf<'hostname'>, { host, root }: Actor): void {
  const previous = readIfThere(host, `${root}/etc/hostname`)?.trim()
  const hosts = readIfThere(host, `${root}/etc/hosts`) ?? ''
  host.writeAtomic(`${root}/etc/hostname`, `${name}\n`)
  host.writeAtomic(`${root}/etc/hosts`, hostsWith(hosts, name, previous))
  // The kernel's own, which has no namespace of its own in a chroot.
  host.write(`${root}/proc/sys/kernel/hostname`, name)
}

/** Puts a name on the line of 127.0.0.1 and takes the previous one off; other aliases and lines stay. */
export function hostsWith(hosts: string, name: string, previous: string | undefined): string {
  const lines = hosts.split('\n').filter((line, index, all) => line !== '' || index < all.length - 1)
  const isLoopback = (line: string) => /^127\.0\.0\.1\s/.test(line)
  const aliases = (lines.find(isLoopback) ?? '').replace(/#.*/, '').split(/\s+/).slice(1).filter(Boolean)
  const kept = aliases.filter((alias) => !['localhost', name, previous].includes(alias))
  const loopback = ['127.0.0.1', 'localhost', name, ...kept].join(' ')
  const at = lines.findIndex(isLoopback)
  const others = lines.filter((line) => !isLoopback(line))
  return `${others.toSpliced(Math.max(at, 0), 0, loopback).join('\n')}\n`
}
