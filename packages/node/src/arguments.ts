/** What a command line says: options, those with values, and words. */
export interface Arguments<F extends string, V extends string> {
  readonly flags: ReadonlySet<F>
  readonly values: Readonly<Partial<Record<V, string>>>
  readonly words: readonly string[]
}

export interface KnownArguments<F extends string, V extends string> {
  /** With their dashes. */
  readonly flags: readonly F[]
  readonly values?: readonly V[]
  /** How many words there may be. */
  readonly words: number
}

/** Reads the arguments of a verb: `--output FILE` or `--output=FILE`. @returns a text that says what is wrong with them */
export function parseArguments<F extends string, V extends string>(
  args: readonly string[],
  known: KnownArguments<F, V>,
): Arguments<F, V> | string {
  const flags = new Set<F>()
  const values: Partial<Record<V, string>> = {}
  const words: string[] = []
  const rest = [...args]
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [, name = arg, inline] = arg.match(/^(-[^=]+)=(.*)$/s) ?? []
    const flag = known.flags.find((each) => each === arg)
    const valued = known.values?.find((each) => each === name)
    if (flag !== undefined) flags.add(flag)
    else if (valued !== undefined) {
      const value = inline ?? rest.shift()
      if (value === undefined) return `${valued} needs a value`
      values[valued] = value
    } else if (arg.startsWith('-')) return `unknown option "${arg}"`
    else words.push(arg)
  }
  return words.length > known.words ? `"${words[known.words]}" is too much` : { flags, values, words }
}
