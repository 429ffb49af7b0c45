import type { Argument, Command, Option } from 'commander'

/** What a shell has to know of the command line. Plain data, read from the commands themselves. */
export interface CommandModel {
  /** Words after `kiln`: empty for itself, `cache prune`. */
  readonly path: readonly string[]
  readonly summary: string
  readonly commands: readonly CommandModel[]
  readonly options: readonly OptionModel[]
  readonly arguments: readonly ValueModel[]
}

export interface OptionModel {
  readonly short?: string
  readonly long: string
  readonly summary: string
  /** Missing for a switch. */
  readonly value?: ValueModel
}

export type ValueModel =
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'folder' | 'file' | 'text' }

export function commandModel(command: Command, path: readonly string[] = []): CommandModel {
  const inner = command.commands.filter((each) => each.name() !== 'help')
  const help: OptionModel = { short: '-h', long: '--help', summary: 'show help' }
  return {
    path,
    summary: command.summary() || command.description(),
    commands: inner.map((each) => commandModel(each, [...path, each.name()])),
    options: [...command.options.filter(({ hidden }) => !hidden).map(optionModel), help],
    arguments: command.registeredArguments.map((argument) => valueModel(argument, argument.name())),
  }
}

function optionModel(option: Option): OptionModel {
  const name = option.flags.match(/[<[]([^\]>]+)[\]>]/)?.[1]
  return {
    ...(option.short ? { short: option.short } : {}),
    long: option.long ?? option.flags,
    summary: option.description,
    ...(name === undefined ? {} : { value: valueModel(option, name) }),
  }
}

/** What a value is, by its choices or else by its name in the help. */
function valueModel({ argChoices }: Pick<Option | Argument, 'argChoices'>, name: string): ValueModel {
  if (argChoices) return { kind: 'choice', choices: argChoices }
  if (/^dir$/i.test(name)) return { kind: 'folder' }
  return { kind: /^(file|artifact|disk)$/i.test(name) ? 'file' : 'text' }
}

/** The command and all below it. */
export function allCommands(model: CommandModel): CommandModel[] {
  return [model, ...model.commands.flatMap(allCommands)]
}
