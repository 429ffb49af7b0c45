import { exitCodes } from '@kiln/contract'
import { plainOf } from '@kiln/contract/cloud-config/tree'
import type { Command } from '../command.ts'
import { type Host, HostError } from '../host/host.ts'
import { nodeState } from '../state/node-state.ts'
import { readFacts } from './facts/read-facts.ts'
import { nodeConfig } from './gather.ts'
import { nodeTemplates } from './plan/node-facts.ts'
import { renderTemplate, TemplateError, type Value } from './template/index.ts'

export const renderTemplateCommand: Command<never, '-f' | '--file'> = {
  usage: `kiln-agent render-template: fills in a template with what this machine knows

  kiln-agent render-template -f FILE

  .Config   the configuration, all sources merged
  .State    what kiln-agent state --json prints
  .Values   what kiln-agent facts prints
`,
  flags: [],
  values: ['-f', '--file'],
  words: 0,
  run: (host, { values }) => {
    const file = values['--file'] ?? values['-f']
    if (file === undefined) {
      host.printError(`kiln-agent: no file is named\n\n${renderTemplateCommand.usage}`)
      return exitCodes.usage
    }
    return render(host, file)
  },
}

function render(host: Host, file: string): number {
  try {
    const text = host.readText(file)
    host.print(renderTemplate(text, dataOf(host), nodeTemplates(host)))
    return exitCodes.ok
  } catch (error) {
    if (!(error instanceof TemplateError) && !(error instanceof HostError)) throw error
    const place =
      error instanceof TemplateError && error.place ? `:${error.place.line}:${error.place.column}` : ''
    host.printError(`kiln-agent: ${file}${place}: ${error.message}\n`)
    return exitCodes.config
  }
}

function dataOf(host: Host): Record<string, Value> {
  return {
    Config: plainOf(nodeConfig(host).tree) as Value,
    State: nodeState(host) as unknown as Value,
    Values: readFacts(host) as unknown as Value,
  }
}
