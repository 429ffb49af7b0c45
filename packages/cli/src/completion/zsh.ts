import type { CommandModel, OptionModel, ValueModel } from './model.ts'

/** Completion for zsh: one function for each command, by `_arguments`. */
export function zshScript(model: CommandModel): string {
  return `#compdef kiln
# Completion of kiln for zsh. Made by: kiln completion zsh
${functions(model).join('\n')}
if [ "$funcstack[1]" = _kiln ]; then _kiln "$@"; else compdef _kiln kiln; fi
`
}

const nameOf = (path: readonly string[]) => ['_kiln', ...path].join('_').replaceAll('-', '_')

function functions(command: CommandModel): string[] {
  const { path, commands, options, arguments: values } = command
  const lines = [...options.map(optionSpec), ...(commands.length > 0 ? [] : values.map(argumentSpec))]
  const inner = commands.flatMap(functions)
  if (commands.length === 0) return [`${nameOf(path)}() {\n  _arguments -s ${lines.join(' \\\n    ')}\n}`]
  const names = commands.map(({ path: own, summary }) =>
    quote(`${own.at(-1)}:${summary.replaceAll(':', '\\:')}`),
  )
  const cases = commands.map(({ path: own }) => `      ${own.at(-1)}) ${nameOf(own)} ;;`)
  return [
    ...inner,
    `${nameOf(path)}() {
  local curcontext="$curcontext" state line
  _arguments -s -C ${lines.join(' \\\n    ')} \\
    '1: :->command' '*:: :->arguments'
  case $state in
  command)
    local -a commands=(${names.join('\n      ')})
    _describe command commands
    ;;
  arguments)
    case $line[1] in
${cases.join('\n')}
    esac
    ;;
  esac
}`,
  ]
}

function optionSpec({ short, long, summary, value }: OptionModel): string {
  const text = `[${escaped(summary)}]${value ? `:value:${action(value)}` : ''}`
  if (!short) return quote(`${long}${text}`)
  return `${quote(`(${short} ${long})`)}{${short},${long}}${quote(text)}`
}

function argumentSpec(value: ValueModel, index: number): string {
  return quote(`${index + 1}::argument:${action(value)}`)
}

function action(value: ValueModel): string {
  if (value.kind === 'choice') return `(${value.choices.join(' ')})`
  if (value.kind === 'text') return ' '
  return value.kind === 'folder' ? '_files -/' : '_files'
}

function escaped(text: string): string {
  return text.replaceAll(/[[\]\\:]/g, '\\$&')
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
