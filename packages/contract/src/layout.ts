import * as z from 'zod/mini'

/**
 * Which paths of the read-only root can be written at run time. Stored in the image, read by the initramfs,
 * checked when the image is built.
 */
export const Layout = z.strictObject({
  schema: z.literal('kiln.layout/v1'),
  /** Overlays that are empty again at each boot. */
  ephemeral: z.array(z.string()),
  /** Bound from the persistent store, filled from the image the first time. */
  persistent: z.array(z.string()),
  /** Where the persistent store is mounted: COS_PERSISTENT, or memory where there is none. */
  store: z.string(),
})
export type Layout = z.infer<typeof Layout>

/** Where the image keeps its layout. */
export const layoutPath = '/usr/lib/kiln/layout.json'

/** Folder of a persistent path below the store: `/var/log` → `.state/var-log.bind`, as the field has it. */
export function stateFolder(path: string): string {
  return `.state/${path.replace(/^\//, '').replaceAll('/', '-')}.bind`
}
