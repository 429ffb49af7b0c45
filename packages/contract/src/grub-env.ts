/**
 * GRUB's environment block: variables that GRUB itself can change, since it writes into the file in place. Source of the
 * format: GRUB 2.12, grub-core/lib/envblk.c. All that counts has to lie in the first 512 bytes: a sector is written whole.
 */
export const grubEnvBytes = 1024
const firstSector = 512
const signature = '# GRUB Environment Block\n'

export type GrubVariables = Readonly<Record<string, string>>

/**
 * Variables that the menu knows. `good` is the generation that is started, `trial` one that is tried `tries` more times
 * before, `once` an entry for the next start, `recovery` names the recovery entry's file, `list` the generations in the menu.
 */
export interface GrubState {
  readonly good?: number | undefined
  readonly trial?: number | undefined
  readonly tries?: number | undefined
  readonly once?: string | undefined
  readonly recovery?: string | undefined
  /** Newest first. */
  readonly list: readonly number[]
  /** All others, which are kept. */
  readonly others: GrubVariables
}

/** Ours come first in the block. */
const known = ['good', 'trial', 'tries', 'once', 'recovery', 'list']

/** @returns undefined where the text is no environment block */
export function parseGrubEnv(text: string): GrubVariables | undefined {
  if (!text.startsWith(signature)) return undefined
  const variables: Record<string, string> = {}
  // A backslash keeps the next character, a line's end too.
  for (const [, name = '', value = ''] of text
    .slice(signature.length)
    .matchAll(/^(?!#)([^=\n]+)=((?:[^\\\n]|\\[\s\S])*)$/gm)) {
    variables[name] = value.replace(/\\([\s\S])/g, '$1')
  }
  return variables
}

/** The whole block. Only ASCII. @throws RangeError where the variables need more than the first sector */
export function grubEnvBlock(variables: GrubVariables): string {
  const lines = Object.entries(variables).map(
    ([name, value]) => `${name}=${value.replace(/[\\\n]/g, '\\$&')}\n`,
  )
  const text = signature + lines.join('')
  if (text.length > firstSector) throw new RangeError('the variables of GRUB need more than one sector')
  return text.padEnd(grubEnvBytes, '#')
}

export function grubState(variables: GrubVariables): GrubState {
  const number = (name: string) => {
    const value = variables[name] ?? ''
    return /^\d+$/.test(value) ? Number(value) : undefined
  }
  return {
    good: number('good'),
    trial: number('trial'),
    tries: number('tries'),
    once: variables.once || undefined,
    recovery: variables.recovery || undefined,
    list: (variables.list ?? '').split(' ').filter(Boolean).map(Number).filter(Number.isInteger),
    others: Object.fromEntries(Object.entries(variables).filter(([name]) => !known.includes(name))),
  }
}

export function grubVariables(state: GrubState): GrubVariables {
  const text = (value: number | string | undefined) => String(value ?? '')
  return {
    good: text(state.good),
    trial: text(state.trial),
    tries: text(state.tries),
    once: text(state.once),
    recovery: text(state.recovery),
    list: state.list.join(' '),
    ...state.others,
  }
}
