import { paths } from '../../initramfs/paths.ts'
import type { Actor } from './actor.ts'

const kernelFolders = ['/dev', '/proc', '/sys', '/run'] as const

/**
 * For what needs more programs than the initramfs has: those of the image, run in its root. What is written as a path is
 * the initramfs's own.
 */
export function withImagePrograms(actor: Actor, body: (actor: Actor) => void): void {
  const { image, host } = actor
  if (image === undefined) {
    body(actor)
    return
  }
  const run: typeof host.run = (argv, options) =>
    host.run(argv[0].startsWith('/') ? argv : [paths.busybox, 'chroot', image, ...argv], options)
  const mounted: string[] = []
  try {
    for (const source of kernelFolders) {
      host.mount({ source, target: `${image}${source}`, flags: ['bind', 'rec'] })
      mounted.push(`${image}${source}`)
    }
    body({ ...actor, host: { ...host, run } })
  } finally {
    for (const target of mounted.toReversed()) host.unmount(target, { lazy: true })
  }
}
