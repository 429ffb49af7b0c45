import { KilnError } from '@kiln/contract'

/** Turns apt's complaints into Kiln's. Shared by everything that runs apt. */
export function explainApt(output: string): KilnError | undefined {
  const unknown = namesIn(output, unknownComplaints)
  if (unknown.length > 0) return unknownPackages(unknown, output)
  const [listed, decisions] = [listedDependencies(output), conflictingDecisions(output)]
  if (listed.length + decisions.length > 0) return unsatisfiable(listed, decisions, output)
  if (/NO_PUBKEY|is not signed|GPG error|signatures were invalid|no valid OpenPGP/i.test(output)) {
    return new KilnError('E-ARCHIVE-UNTRUSTED', 'the archive is not signed by a key of the keyring', {
      output,
      hint: 'check "keyring" and "mirror" in kiln.yaml',
    })
  }
  if (
    /Could not resolve|Failed to fetch|Connection failed|Could not connect|Temporary failure/i.test(output)
  ) {
    return new KilnError('E-MIRROR-UNREACHABLE', 'the mirror broke off', {
      output,
      hint: 'running the same command again is safe',
    })
  }
  return undefined
}

export function unknownPackages(subjects: readonly string[], output?: string): KilnError {
  return new KilnError('E-PACKAGE-UNKNOWN', `the archive has no package ${subjects.join(', ')}`, {
    hint: 'check the spelling under packages: and kernel: in kiln.yaml',
    subjects,
    output,
  })
}

const unknownComplaints = [
  /^E: Unable to locate package (\S+)/gm,
  /^E: Package '(\S+)' has no installation candidate/gm,
]

function namesIn(output: string, patterns: readonly RegExp[]): string[] {
  return patterns.flatMap((pattern) => [...output.matchAll(pattern)].map(([, name = '']) => name))
}

/** What a package wants and cannot have, in apt's words: `Depends: libfoo but it is not installable`. */
interface Unmet {
  readonly name: string
  readonly reason: string
}

/**
 * Lines of `<name>[:<arch>] : <reason>` below a headline; a further reason of the same package stands in a line of its own,
 * farther to the right.
 */
function listedDependencies(output: string): Unmet[] {
  const [, block = ''] = output.split(/^The following packages have unmet dependencies:$/m)
  const unmet: Unmet[] = []
  for (const line of block.split('\n').slice(1)) {
    const [, name, reason] = line.match(/^ (?:([a-z0-9][^\s:]*)(?::\S+)? :)? +(\S.*)$/) ?? []
    const owner = name ?? unmet.at(-1)?.name
    if (reason === undefined || owner === undefined) break
    unmet.push({ name: owner, reason })
  }
  return unmet
}

/** The solver of apt 3: numbered lines of `<name>:<arch>[=<version>] <reason>`, each the cause of the next. */
function conflictingDecisions(output: string): Unmet[] {
  const [, block = ''] = output.split(/^(?:E:| ) *Unable to satisfy dependencies\..*$/m)
  return [...block.matchAll(/^ +(?:\d+\.|-) ([a-z0-9][^\s:=]*)\S* (.+?):?$/gm)].map(
    ([, name = '', reason = '']) => ({
      name,
      reason,
    }),
  )
}

const mostShown = 3

/** The list says it shortly; the decisions, where there are some, tell more of who wanted what. */
function unsatisfiable(listed: readonly Unmet[], decisions: readonly Unmet[], output: string): KilnError {
  const told = listed.length > 0 ? listed : decisions
  const shown = told.slice(0, mostShown).map(({ name, reason }) => `${name} ${reason}`)
  const more = told.length > mostShown ? ` (and ${told.length - mostShown} more)` : ''
  const all = [...listed, ...decisions]
  // Those that want something come first: they are what somebody asked for.
  const subjects = [...all.map(({ name }) => name), ...all.flatMap(({ reason }) => namedIn(reason))]
  return new KilnError('E-PACKAGE-UNSATISFIABLE', `no packages fit together: ${shown.join('; ')}${more}`, {
    hint: 'change packages.add or packages.remove in kiln.yaml',
    subjects: [...new Set(subjects)],
    output,
  })
}

/** `Depends: libfoo (>= 2) but …` names libfoo. */
function namedIn(reason: string): string[] {
  const [, name] = reason.match(/^[A-Z]\w*:? ([a-z0-9][a-z0-9+.-]*)/) ?? []
  return name === undefined ? [] : [name]
}
