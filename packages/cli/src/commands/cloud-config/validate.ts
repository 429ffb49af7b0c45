import type { Warning } from '@kiln/contract/cloud-config/warnings'
import type { CollectedSource } from '@kiln/node/cloud-config/collect'
import { errorOf, headerErrors, type InputOptions, readInputs } from '../../cloud-config/inputs.ts'
import { filesArgument, withInputs } from '../../cloud-config/options.ts'
import { tellWarnings } from '../../cloud-config/view.ts'
import { example } from '../../options.ts'
import { findingData } from '../../report/error.ts'
import { count } from '../../report/plain.ts'
import { type Outcome, runCommand, type Session } from '../../session.ts'
import type { AddSubcommand } from './index.ts'

interface ValidateOptions extends InputOptions {
  readonly strict?: boolean
}

export const addValidate: AddSubcommand = (parent, session, done) => {
  const command = parent
    .command('validate')
    .summary('check cloud-configs')
    .description(
      'Checks cloud-configs as a node would read them: each by itself, then all together. Tells all that is wrong at once, ' +
        'with its place and what to do, and warns of what is allowed and probably not meant. With --json the result has ' +
        'findings and warnings with ranges, for editors. Exit code 3 where something is wrong.',
    )
    .argument('[FILES...]', filesArgument)
    .option('--strict', 'warnings count as errors')
  withInputs(command).action(async (files: string[], options: ValidateOptions) => {
    done(await runCommand(session, options, () => validate(session, files, options)))
  })
  example(
    command,
    'kiln cloud-config validate config.yaml',
    'kiln cloud-config validate --strict /oem --cmdline "$(cat /proc/cmdline)"',
    'kiln cloud-config validate --json - < config.yaml | jq .result.findings',
  )
}

async function validate(
  session: Session,
  files: readonly string[],
  options: ValidateOptions,
): Promise<Outcome> {
  const { collected } = await readInputs(session, files, options)
  const { sources, warnings } = collected
  const errors = [
    ...collected.errors,
    ...headerErrors(sources),
    ...(options.strict ? warnings.map(strictly) : []),
  ]
  const told = options.strict ? [] : warnings.filter(({ code }) => code !== 'W-IGNORED')
  if (!options.json) tellWarnings(session, told)
  const error = errorOf(errors)
  return {
    result: { valid: !error, findings: errors.map(findingData), warnings: told.map(findingData) },
    lines: error ? [] : validLines(sources, told),
    ...(error ? { error } : {}),
  }
}

function strictly({ code, message, ...rest }: Warning) {
  return { code: 'E-CONFIG-BAD-VALUE' as const, message: `${message} (${code})`, ...rest }
}

function validLines(sources: readonly CollectedSource[], warnings: readonly Warning[]): string[] {
  const names = sources.map(({ name, outcome }) =>
    outcome === 'repeated' ? `${name} (the same as another)` : name,
  )
  const end = warnings.length === 0 ? '' : `, with ${count(warnings.length, 'warning')}`
  return names.map((name) => `${name} is valid${end}`)
}
