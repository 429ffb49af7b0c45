import type { Layout } from '@kiln/contract'
import { parseAssignments } from '../release-file.ts'

/** Written by the stage rootfs; file and variables have the field's names, with paths between blanks. */
export const customMountsPath = '/run/cos/custom-layout.env'
export const customMountsKeys = {
  persistent: 'CUSTOM_BIND_MOUNTS',
  ephemeral: 'CUSTOM_EPHEMERAL_MOUNTS',
} as const

/** What carries the writable paths, or is not the root's at all. */
const reserved = ['/', '/boot', '/dev', '/oem', '/proc', '/run', '/sys', '/tmp']

/** Whether a path may be made writable by a cloud-config. @param layout of the image */
export function isCustomMount(path: string, layout: Pick<Layout, 'store'>): boolean {
  const isPath = /^(\/[^/,:\\\s]+)+$/.test(path) && !/\/\.\.?(\/|$)/.test(path)
  return isPath && path !== layout.store && !reserved.some((root) => path === root || isBelow(path, root))
}

function isBelow(path: string, root: string): boolean {
  return root !== '/' && path.startsWith(`${root}/`)
}

/**
 * The layout of the image with the paths that this machine wants besides. One that cannot be is left out and noted: a
 * typing error must not cost the boot.
 * @param environment text of the file, where there is one
 */
export function withCustomMounts(
  layout: Layout,
  environment: string | undefined,
): { readonly layout: Layout; readonly notes: readonly string[] } {
  if (environment === undefined) return { layout, notes: [] }
  const assigned = parseAssignments(environment)
  const pathsOf = (key: string) => (assigned[key] ?? '').split(/\s+/).filter(Boolean)
  const persistent = pathsOf(customMountsKeys.persistent)
  const ephemeral = pathsOf(customMountsKeys.ephemeral)
  const wrong = [...persistent, ...ephemeral].filter((path) => !isCustomMount(path, layout))
  const isRight = (path: string) => !wrong.includes(path)
  // A wish counts for more than the image, and of two wishes the one to keep.
  const toKeep = persistent.filter(isRight)
  const toLose = ephemeral.filter((path) => isRight(path) && !toKeep.includes(path))
  const without = (paths: readonly string[], others: readonly string[]) =>
    paths.filter((path) => !others.includes(path))
  return {
    layout: {
      ...layout,
      persistent: unique([...without(layout.persistent, toLose), ...toKeep]),
      ephemeral: unique([...without(layout.ephemeral, toKeep), ...toLose]),
    },
    notes: wrong.map((path) => `${path} in ${customMountsPath} cannot be made writable`),
  }
}

function unique(paths: readonly string[]): string[] {
  return [...new Set(paths)]
}
