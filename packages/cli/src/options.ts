import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { suggest } from '@kiln/contract'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { progressModes } from './report/reporter.ts'

/** Options that several commands share, and the readers of their values. */
export function jsonOption(): Option {
  return new Option('--json', 'newline-delimited JSON on standard output, the result last')
}

export function progressOption(): Option {
  return new Option(
    '--progress <mode>',
    'progress on standard error; without it auto, with --json none',
  ).choices(progressModes)
}

export function cacheOption(): Option {
  return new Option('--cache <dir>', 'folder for what is kept between builds').env('KILN_CACHE')
}

export function yesOption(): Option {
  return new Option('-y, --yes', 'install missing Debian packages without asking')
}

/** `--cache`, else XDG's folder for caches. */
export function cacheFolder(
  given: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  return resolve(given ?? join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'kiln'))
}

export function example(command: Command, ...lines: readonly string[]): Command {
  const title = lines.length === 1 ? 'Example' : 'Examples'
  return command.addHelpText('after', `\n${title}:\n${lines.map((line) => `  ${line}`).join('\n')}`)
}

/** A reader of whole numbers within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
    }
    return value
  }
}

/** Seconds, to milliseconds. */
export function secondsToMs(text: string): number {
  const seconds = Number(text)
  if (text.trim() === '' || !(seconds > 0) || seconds > 86_400) {
    throw new InvalidArgumentError('It must be a number of seconds greater than 0, at most a day.')
  }
  return seconds * 1000
}

const dayMs = 86_400_000
const durations: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: dayMs, w: 7 * dayMs }

/** `90m`, `12h`, `30d`, `2w`, to milliseconds. */
export function durationToMs(text: string): number {
  const [, amount, unit = ''] = text.match(/^(\d+(?:\.\d+)?)([mhdw])$/) ?? []
  if (amount === undefined)
    throw new InvalidArgumentError('It must be a duration such as 90m, 12h, 30d or 2w.')
  return Number(amount) * (durations[unit] ?? dayMs)
}

/** `500M`, `10G`, `1.5T` or bytes; powers of 1024. */
export function sizeToBytes(text: string): number {
  const [, amount, unit = ''] = text.match(/^(\d+(?:\.\d+)?)([KMGT]?)$/i) ?? []
  if (amount === undefined) throw new InvalidArgumentError('It must be a size such as 500M or 10G.')
  return Math.floor(Number(amount) * 1024 ** ' KMGT'.indexOf(unit.toUpperCase() || ' '))
}

export function regularExpression(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch (error) {
    throw new InvalidArgumentError(`It is no regular expression: ${(error as Error).message}.`)
  }
}

export function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value]
}

export function choiceHint(word: string, known: readonly string[]): string {
  const meant = suggest(word, known)
  return meant ? `did you mean "${meant}"?` : `there are: ${known.join(', ')}`
}

/** A port to ask for, or `auto` for a free one. */
export function portOrAuto(text: string): number | 'auto' {
  return text === 'auto' ? text : wholeNumber(1, 65_535)(text)
}
