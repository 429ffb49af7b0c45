import * as z from 'zod/mini'
import { flag, Scalars, text } from '../values.ts'

const atLeastOne = z.optional(z.int().check(z.minimum(1, 'must be at least 1')))

/** Nodes that find each other and decide among themselves who does what. */
export const P2pConfig = z.strictObject({
  network_token: z.optional(text),
  network_id: z.optional(text),
  role: z.optional(z.enum(['master', 'worker', 'none'])),
  dns: flag,
  loglevel: z.optional(text),
  disable_dht: flag,
  minimum_nodes: atLeastOne,
  dynamic_roles: flag,
  vpn: z.optional(z.strictObject({ create: flag, use: flag, env: z.optional(Scalars) })),
  auto: z.optional(
    z.strictObject({
      enable: flag,
      ha: z.optional(
        z.strictObject({ enable: flag, master_nodes: atLeastOne, external_db: z.optional(text) }),
      ),
    }),
  ),
})
export type P2pConfig = z.infer<typeof P2pConfig>
