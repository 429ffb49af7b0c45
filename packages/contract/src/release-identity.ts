import { architectures, type ImageIdentity, variants } from './names.ts'

export type ReleaseIdentity =
  | { readonly image: ImageIdentity }
  /** Keys that are missing, or have a value that cannot be. */
  | { readonly missing: readonly string[] }

/**
 * What an image says of itself in /etc/kairos-release. Some images have the keys without `KAIROS_`, and older ones
 * TARGETARCH and RELEASE for ARCH and VERSION.
 */
export function releaseIdentity(values: Readonly<Record<string, string>>): ReleaseIdentity {
  const first = (...keys: readonly string[]) =>
    keys.map((key) => values[`KAIROS_${key}`] || values[key]).find((value) => value) ?? ''
  const found = {
    FLAVOR: first('FLAVOR'),
    FLAVOR_RELEASE: first('FLAVOR_RELEASE'),
    VARIANT: variants.find((variant) => variant === first('VARIANT')),
    ARCH: architectures.find((arch) => arch === first('ARCH', 'TARGETARCH')),
    MODEL: first('MODEL'),
    VERSION: first('VERSION', 'RELEASE'),
  }
  const { VARIANT: variant, ARCH: arch } = found
  const missing = Object.entries(found).flatMap(([key, value]) => (value ? [] : [`KAIROS_${key}`]))
  if (missing.length > 0 || !variant || !arch) return { missing }
  const [distribution, version] = [first('SOFTWARE_VERSION_PREFIX'), first('SOFTWARE_VERSION')]
  return {
    image: {
      flavor: found.FLAVOR,
      flavorRelease: found.FLAVOR_RELEASE,
      variant,
      arch,
      device: found.MODEL,
      version: found.VERSION,
      ...(variant === 'standard' && distribution && version ? { kubernetes: { distribution, version } } : {}),
    },
  }
}
