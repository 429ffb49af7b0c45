import { exitCodes, type Finding, formatPlace } from '@kiln/contract'
import { plainOf } from '@kiln/contract/cloud-config/tree'
import type { Warning } from '@kiln/contract/cloud-config/warnings'
import type { Command } from '../command.ts'
import type { Host } from '../host/host.ts'
import { type Collected, collect } from './collect.ts'
import { explain } from './explain.ts'
import { nodeConfig, readSource } from './gather.ts'
import { parsePath, valueAtPath } from './path.ts'
import { printConfig, printYaml } from './print.ts'

export const configCommand: Command<'--json'> = {
  usage: `kiln-agent config: the configuration of this machine, all sources merged

  kiln-agent config [--json]       as one cloud-config, with the list of its sources
  kiln-agent config get PATH       one value: install.device, users[0].name
  kiln-agent config explain PATH   where a value comes from, and what it overrode

  --json    as JSON
`,
  flags: ['--json'],
  words: 2,
  run: (host, { flags, words }) => {
    const [what, name] = words
    const json = flags.has('--json')
    const collected = nodeConfig(host)
    if (what === undefined) return show(host, collected, json)
    const path = name === undefined ? undefined : parsePath(name)
    if (path === undefined || (what !== 'get' && what !== 'explain')) {
      host.printError(`kiln-agent: that is not understood\n\n${configCommand.usage}`)
      return exitCodes.usage
    }
    return what === 'get' ? get(host, collected, path, json) : explainOne(host, collected, path, json)
  },
}

function show(host: Host, collected: Collected, json: boolean): number {
  tell(host, collected.errors, 'error')
  host.print(json ? `${JSON.stringify(plainOf(collected.tree), undefined, 2)}\n` : printConfig(collected))
  return exitCodes.ok
}

function get(host: Host, { tree }: Collected, path: readonly (string | number)[], json: boolean): number {
  const value = valueAtPath(plainOf(tree), path)
  if (value === undefined) return missing(host)
  host.print(json ? `${JSON.stringify(value, undefined, 2)}\n` : printYaml(value))
  return exitCodes.ok
}

function explainOne(
  host: Host,
  collected: Collected,
  path: readonly (string | number)[],
  json: boolean,
): number {
  const found = explain(collected, path)
  if (!found) return missing(host)
  const rows = found.from.map(({ place, value }) => `${formatPlace(place)}\t${JSON.stringify(value)}\n`)
  host.print(json ? `${JSON.stringify(found, undefined, 2)}\n` : rows.join(''))
  return exitCodes.ok
}

function missing(host: Host): number {
  host.printError('kiln-agent: nothing sets that; kiln-agent config shows what is set\n')
  return exitCodes.config
}

export const validateCommand: Command<'--lenient'> = {
  usage: `kiln-agent validate: checks a cloud-config

  kiln-agent validate FILE [--lenient]

  --lenient   unknown keys are warnings
`,
  flags: ['--lenient'],
  words: 1,
  run: (host, { flags, words: [file] }) => {
    if (file === undefined) {
      host.printError(`kiln-agent: no file is named\n\n${validateCommand.usage}`)
      return exitCodes.usage
    }
    const source = readSource(host, file)
    if ('code' in source) {
      tell(host, [source], 'error')
      return exitCodes.config
    }
    const { errors, warnings, sources } = collect([source], { lenient: flags.has('--lenient') })
    tell(host, warnings, 'warning')
    tell(host, errors, 'error')
    const isRead = sources.every(({ outcome }) => outcome === 'merged')
    if (errors.length > 0 || !isRead) return exitCodes.config
    host.print(`${file} is valid\n`)
    return exitCodes.ok
  },
}

function tell(host: Host, findings: readonly (Finding | Warning)[], word: 'error' | 'warning'): void {
  for (const { code, message, place, hint } of findings) {
    const where = place?.line === undefined ? '' : `${formatPlace(place)}: `
    host.printError(`${where}${word} ${code}: ${message}${hint === undefined ? '' : ` (${hint})`}\n`)
  }
}
