/** What functions of templates need from the machine. */
export interface TemplateHost {
  /** Hex digits of the digest of a text in UTF-8. */
  digest(algorithm: 'sha1' | 'sha256' | 'sha512', text: string): string
  env(name: string): string | undefined
  /** Milliseconds since 1970. */
  now(): number
  /** A whole number from 0 to below the limit. */
  random(limit: number): number
}
