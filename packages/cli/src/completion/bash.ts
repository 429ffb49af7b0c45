import { allCommands, type CommandModel, type ValueModel } from './model.ts'

/** Completion for bash: a function that walks the words to the command, then offers what belongs there. */
export function bashScript(model: CommandModel): string {
  const cases = allCommands(model).map(commandCase).join('\n')
  return `# Completion of kiln for bash. Made by: kiln completion bash
_kiln() {
  local cur prev word command='' position=0 index
  cur=\${COMP_WORDS[COMP_CWORD]}
  prev=\${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case "$command $word" in
${descents(model)}
${valuesThatAreSkipped(model)}
      *' '-*) ;;
      *) ((++position)) ;;
    esac
  done
  case "$command" in
${cases}
  esac
}
_kiln_words() { while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$1" -- "$cur"); }
_kiln_files() { compopt -o filenames 2>/dev/null; while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur"); }
_kiln_folders() { compopt -o filenames 2>/dev/null; while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "$cur"); }
complete -F _kiln kiln
`
}

const spaced = (path: readonly string[]) => path.map((word) => ` ${word}`).join('')

/** A word that is a command leads into it; only then does its name count for nothing else. */
function descents(model: CommandModel): string {
  return allCommands(model)
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => `      '${spaced(path.slice(0, -1))} ${path.at(-1)}') command='${spaced(path)}' ;;`)
    .join('\n')
}

/** The word after an option with a value is no argument. */
function valuesThatAreSkipped(model: CommandModel): string {
  return allCommands(model)
    .flatMap(({ path, options }) => {
      const names = options
        .filter(({ value }) => value)
        .flatMap(({ short, long }) => (short ? [short, long] : [long]))
      if (names.length === 0) return []
      return [`      ${names.map((name) => `'${spaced(path)} ${name}'`).join(' | ')}) ((++index)) ;;`]
    })
    .join('\n')
}

function commandCase({ path, options, commands, arguments: values }: CommandModel): string {
  const withValue = options.flatMap(({ short, long, value }) =>
    value ? [`        ${short ? `${short} | ` : ''}${long}) ${offer(value)}; return ;;`] : [],
  )
  const flags = options.flatMap(({ short, long }) => (short ? [short, long] : [long])).join(' ')
  const names = commands.map(({ path: inner }) => inner.at(-1)).join(' ')
  const positions = values.map((value, index) => `        ${index}) ${offer(value)} ;;`)
  return [
    `    '${spaced(path)}')`,
    ...(withValue.length === 0 ? [] : ['      case "$prev" in', ...withValue, '      esac']),
    `      if [[ $cur == -* ]]; then _kiln_words '${flags}'; return; fi`,
    ...(names === '' ? [] : [`      if ((position == 0)); then _kiln_words '${names}'; return; fi`]),
    ...(positions.length === 0 ? [] : ['      case "$position" in', ...positions, '      esac']),
    '      ;;',
  ].join('\n')
}

function offer(value: ValueModel): string {
  if (value.kind === 'choice') return `_kiln_words '${value.choices.join(' ')}'`
  if (value.kind === 'text') return ':'
  return value.kind === 'folder' ? '_kiln_folders' : '_kiln_files'
}
