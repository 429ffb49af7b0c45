/**
 * Exit codes of every Kiln program. Stable: scripts rely on them.
 * Documented in docs/reference/exit-codes.md; a test holds the two together.
 */
export const exitCodes = {
  ok: 0,
  internal: 1,
  usage: 2,
  config: 3,
  policy: 4,
  verification: 5,
  environment: 6,
  network: 7,
  test: 8,
  stale: 9,
  different: 10,
  timeout: 124,
  interrupted: 130,
} as const

export type ExitName = keyof typeof exitCodes
