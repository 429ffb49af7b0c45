import type { Place } from '../error.ts'

/** What a configuration may be warned about. Codes are part of the interface, as those of errors are. */
export const warningFacts = {
  'W-NO-EFFECT': 'a key that Kiln knows and does not act on',
  'W-UNKNOWN-KEY': 'a key that the schema does not know, in a file that is read leniently',
  'W-DEPRECATED': 'a name that has a better one',
  'W-UNLIKELY': 'a value that is allowed and probably not meant',
  'W-PLAIN-SECRET': 'a password that anybody who reads the file can use',
  'W-IGNORED': 'a source that is left out',
} as const
export type WarningCode = keyof typeof warningFacts

export interface Warning {
  readonly code: WarningCode
  readonly message: string
  readonly place?: Place
  readonly hint?: string
}
