import { allCommands, type CommandModel, type OptionModel, type ValueModel } from './model.ts'

/** Completion for fish: a line for each command, option and argument, with the command at which it counts. */
export function fishScript(model: CommandModel): string {
  const known = allCommands(model).filter(({ path }) => path.length > 0)
  return `# Completion of kiln for fish. Made by: kiln completion fish
function __kiln_at
    set -l at ''
    set -l words (commandline -opc)
    set -e words[1]
    for word in $words
        set -l next (string trim -- "$at $word")
        contains -- $next ${known.map(({ path }) => quote(path.join(' '))).join(' ')}
        and set at $next
    end
    test "$at" = "$argv"
end
complete -c kiln -f
${allCommands(model).flatMap(commandLines).join('\n')}
`
}

function commandLines({ path, commands, options, arguments: values }: CommandModel): string[] {
  const start = `complete -c kiln -n ${quote(['__kiln_at', ...path].join(' '))}`
  return [
    ...commands.map(({ path: inner, summary }) => `${start} -a ${inner.at(-1)} -d ${quote(summary)}`),
    ...options.map((option) => `${start} ${optionText(option)}`),
    ...values.map(valueText).flatMap((words) => (words === '' ? [] : [`${start} ${words}`])),
  ]
}

function optionText({ short, long, summary, value }: OptionModel): string {
  const names = [...(short ? [`-s ${short.slice(1)}`] : []), `-l ${long.slice(2)}`]
  const words = value ? [value.kind === 'file' ? '-r' : '-x', valueText(value)].filter(Boolean) : []
  return [...names, ...words, `-d ${quote(summary)}`].join(' ')
}

function valueText(value: ValueModel): string {
  if (value.kind === 'choice') return `-a ${quote(value.choices.join(' '))}`
  if (value.kind === 'text') return ''
  return value.kind === 'folder' ? "-a '(__fish_complete_directories)'" : '-F'
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
