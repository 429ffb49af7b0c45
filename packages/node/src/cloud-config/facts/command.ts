import { printYamlText } from '@kiln/contract/yaml/print'
import type { Command } from '../../command.ts'
import { readFacts } from './read-facts.ts'

/** `kiln-agent facts`: what templates of a cloud-config see on this machine. */
export const factsCommand: Command<'--json'> = {
  flags: ['--json'],
  words: 0,
  usage: `kiln-agent facts [--json]

Prints what is known of this machine, as templates of a cloud-config see it under .Values. The output is a file for
kiln cloud-config render --for FILE, which shows on any other machine what a configuration becomes on this one.

  kiln-agent facts > node.yaml
`,
  run: (host, { flags }) => {
    const facts = readFacts(host)
    host.print(flags.has('--json') ? `${JSON.stringify(facts, undefined, 2)}\n` : printYamlText(facts))
    return 0
  },
}
