import { type ErrorCode, isKilnError, KilnError } from '@kiln/contract'

/** What skopeo's errors mean where no base is imported, but an image pushed or a payload pulled. */
const codes: Partial<Record<ErrorCode, ErrorCode>> = {
  'E-BASE-MISSING': 'E-IMAGE-MISSING',
  'E-BASE-UNKNOWN': 'E-REGISTRY-REFUSED',
  'E-BASE-CHANGED': 'E-PAYLOAD-DAMAGED',
  'E-BASE-MISMATCH': 'E-IMAGE-MISSING',
}

/** @param doing of the sentence "the registry … <reference>": `does not take` */
export function translated(error: unknown, reference: string, doing: string): unknown {
  if (!isKilnError(error)) return error
  const code = codes[error.code] ?? error.code
  const message =
    code === 'E-REGISTRY-DENIED' || code === 'E-REGISTRY-REFUSED'
      ? `the registry ${doing} ${reference}`
      : error.message
  const { hint, output, cause } = error
  return new KilnError(code, message, { hint, output, cause: cause ?? error })
}
