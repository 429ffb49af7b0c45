import * as z from 'zod/mini'
import { flag, list, Scalars, text, Url } from '../values.ts'

const distribution = {
  enabled: flag,
  /** Environment of the service. */
  env: z.optional(Scalars),
  args: z.optional(list),
  /** Instead of the arguments and variables that the image has. */
  replace_args: flag,
  replace_env: flag,
}

/** `k3s` and `k3s-agent`. */
export const K3sConfig = z.strictObject({ ...distribution, embedded_registry: flag })
/** `k0s` and `k0s-worker`. */
export const K0sConfig = z.strictObject(distribution)

/** A virtual address for the control plane. */
export const KubeVipConfig = z.strictObject({
  enable: flag,
  eip: z.optional(text),
  interface: z.optional(text),
  static_pod: flag,
  manifest_url: z.optional(Url),
  version: z.optional(text),
  image: z.optional(text),
})

/** What providers of other Kubernetes distributions read. */
export const ClusterConfig = z.strictObject({
  cluster_token: z.optional(text),
  control_plane_host: z.optional(text),
  role: z.optional(z.enum(['init', 'controlplane', 'worker'])),
  config: z.optional(text),
  providerConfig: z.optional(Scalars),
  env: z.optional(Scalars),
  ca_certs: z.optional(list),
  import_local_images: flag,
  local_images_path: z.optional(text),
  cluster_config_path: z.optional(text),
})
