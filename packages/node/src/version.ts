/** Put in by the bundler; undefined where the source runs as it is. */
declare const KILN_VERSION: string | undefined

export const version = typeof KILN_VERSION === 'string' ? KILN_VERSION : 'v0.0.0-source'
