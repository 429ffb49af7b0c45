import { KilnError, suggest } from '@kiln/contract'
import { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import { knownKeys } from '@kiln/contract/schema-keys'
import { explain } from '@kiln/node/cloud-config/explain'
import { parsePath } from '@kiln/node/cloud-config/path'
import { errorOf, type InputOptions, readInputs } from '../../cloud-config/inputs.ts'
import { filesArgument, withInputs } from '../../cloud-config/options.ts'
import { explanationData, explanationLines } from '../../cloud-config/view.ts'
import { example } from '../../options.ts'
import { type Outcome, runCommand, type Session } from '../../session.ts'
import type { AddSubcommand } from './index.ts'

export const addExplain: AddSubcommand = (parent, session, done) => {
  const command = parent
    .command('explain')
    .summary('say where a value comes from')
    .description(
      'Says for one value of the merged configuration which file and line it comes from, and what it overrode there. ' +
        'A list or a map has parts of several files.',
    )
    .argument('<PATH>', 'such as install.device, users[0].name or stages.boot; . is everything')
    .argument('[FILES...]', filesArgument)
  withInputs(command).action(async (path: string, files: string[], options: InputOptions) => {
    done(await runCommand(session, options, () => explainValue(session, path, files, options)))
  })
  example(
    command,
    'kiln cloud-config explain install.device config/',
    'kiln cloud-config explain install /oem --cmdline "$(cat /proc/cmdline)"',
  )
}

async function explainValue(
  session: Session,
  name: string,
  files: readonly string[],
  options: InputOptions,
): Promise<Outcome> {
  const path = parsePath(name)
  if (path === undefined) {
    throw new KilnError('E-USAGE', `"${name}" is no path`, {
      hint: 'write it as in install.device or users[0].name',
    })
  }
  const { collected } = await readInputs(session, files, options)
  const explanation = explain(collected, path)
  const error = errorOf(collected.errors)
  if (!explanation) throw error ?? unset(name, path)
  return {
    result: explanationData(name, explanation),
    lines: explanationLines(name, explanation),
    ...(error ? { error } : {}),
  }
}

function unset(name: string, path: readonly (string | number)[]): KilnError {
  const known = knownKeys(CloudConfig, path.slice(0, -1))
  const last = String(path.at(-1) ?? '')
  const meant = known.includes(last) ? undefined : suggest(last, known)
  return new KilnError('E-CONFIG-MISSING-KEY', `nothing sets ${name}`, {
    hint: meant ? `did you mean "${meant}"?` : 'kiln cloud-config merge shows what is set',
  })
}
