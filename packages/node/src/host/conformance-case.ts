import { type Host, HostError } from './host.ts'

/** One thing that every host must do. Free of any test library, because it also runs on QuickJS. */
export interface ConformanceCase {
  readonly name: string
  /** @param folder an empty folder for this case alone. @throws where the host does not conform */
  readonly run: (host: Host, folder: string) => void
}

/** @throws Error unless both are the same value */
export function equal(actual: unknown, expected: unknown): void {
  if (!Object.is(actual, expected)) {
    throw new Error(`got ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`)
  }
}

/** The error of the port that an action throws. @throws Error where it throws none */
export function caught(action: () => unknown): HostError {
  try {
    action()
  } catch (error) {
    if (error instanceof HostError) return error
    throw error
  }
  throw new Error('did not fail')
}

/** @throws Error unless an action fails with that errno */
export function fails(errno: string, action: () => unknown): void {
  equal(caught(action).errno, errno)
}
