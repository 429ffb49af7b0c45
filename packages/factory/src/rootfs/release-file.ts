import type { ConversionParams } from '../plan/step.ts'

/**
 * /etc/kairos-release as the field writes it: sorted `KEY="value"` lines, sourced by shells and boot loaders.
 * Values never hold quotes: they come from names that the definition's schema allows.
 */
export function releaseFile(params: ConversionParams, kilnVersion: string): string {
  const { identity, family, name } = params
  const label = `kairos-${identity.variant}-${identity.flavor}-${identity.flavorRelease}`
  const values: Record<string, string> = {
    KAIROS_ARCH: identity.arch,
    KAIROS_BUG_REPORT_URL: 'https://github.com/kairos-io/kairos/issues',
    KAIROS_FAMILY: family,
    KAIROS_FIPS: 'false',
    KAIROS_FLAVOR: identity.flavor,
    KAIROS_FLAVOR_RELEASE: identity.flavorRelease,
    KAIROS_HOME_URL: 'https://github.com/kairos-io/kairos',
    KAIROS_ID: 'kairos',
    KAIROS_ID_LIKE: label,
    KAIROS_IMAGE_NAME: name,
    KAIROS_INIT_VERSION: kilnVersion,
    KAIROS_MODEL: identity.device,
    KAIROS_NAME: label,
    KAIROS_RELEASE: identity.version,
    KAIROS_TARGETARCH: identity.arch,
    KAIROS_TRUSTED_BOOT: 'false',
    KAIROS_VARIANT: identity.variant,
    KAIROS_VERSION: identity.version,
  }
  return Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}="${value}"\n`)
    .join('')
}

/** Lines added to the distribution's own os-release (os-release(5): IMAGE_ID, IMAGE_VERSION, VARIANT_ID). */
export function osReleaseLines({ name, identity }: ConversionParams): string {
  return `IMAGE_ID="${name}"\nIMAGE_VERSION="${identity.version}"\nVARIANT_ID="${identity.variant}"\n`
}
