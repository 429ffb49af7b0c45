import type { Command } from 'commander'
import { type Diagnosis, diagnose, type Group } from '../diagnosis.ts'
import { cacheFolder, cacheOption, example, jsonOption } from '../options.ts'
import type { Done } from '../program.ts'
import { type Outcome, runCommand, type Session } from '../session.ts'

export function addDoctorCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('doctor')
    .summary('say what this machine can do')
    .description(
      'Says what can be built, booted and tested on this machine, and how to mend what cannot. Changes nothing. ' +
        'Exit code 6 where building is not possible.',
    )
    .addOption(cacheOption())
    .addOption(jsonOption())
    .action(async (options: { readonly json?: boolean; readonly cache?: string }) => {
      const cache = cacheFolder(options.cache, session.env)
      done(await runCommand(session, options, async () => outcomeOf(await diagnose(cache))))
    })
  example(command, 'kiln doctor', 'kiln doctor --json | jq .result.groups')
}

function outcomeOf(diagnosis: Diagnosis): Outcome {
  const build = diagnosis.groups.find(({ name }) => name === 'build')
  return {
    result: diagnosis,
    lines: diagnosis.groups.flatMap(groupLines),
    exit: build?.possible ? 'ok' : 'environment',
  }
}

const words = { ok: 'ok', installable: 'to install', poor: 'poor', missing: 'missing' } as const

export function groupLines(group: Group): string[] {
  const width = Math.max(...group.checks.map(({ name }) => name.length))
  return [
    `${group.name}: ${group.possible ? 'possible' : 'not possible'}`,
    ...group.checks.flatMap((check) => [
      `  ${words[check.status].padEnd(11)} ${check.name.padEnd(width)}  ${check.detail}`,
      ...(check.fix && check.status !== 'ok'
        ? [`  ${' '.repeat(11)} ${' '.repeat(width)}  ${check.fix}`]
        : []),
    ]),
  ]
}
