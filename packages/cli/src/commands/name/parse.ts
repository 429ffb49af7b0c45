import {
  endingText,
  errorFromFindings,
  type Finding,
  isKilnError,
  type NameKind,
  nameKinds,
  type ParsedName,
  parseName,
} from '@kiln/contract'
import { Option } from 'commander'
import { example, jsonOption } from '../../options.ts'
import { type Outcome, type OutputOptions, runCommand } from '../../session.ts'
import type { AddSubcommand } from './index.ts'
import { readWords } from './words.ts'

interface ParseOptions extends OutputOptions {
  readonly as?: NameKind
  readonly flavor?: string
}

export const addParse: AddSubcommand = (parent, session, done) => {
  const command = parent
    .command('parse')
    .summary('say what the parts of names are')
    .description(
      'Says what each part of a name is. What is no name is refused, with the place. Exit code 0 where all are names, 3 where not.',
    )
    .argument('[NAMES...]', 'of files or images, or tags; without any, one on each line of standard input')
    .addOption(new Option('--as <kind>', 'what they are, where it cannot be seen').choices(nameKinds))
    .option('--flavor <name>', 'of which distribution they are, where it cannot be seen')
    .addOption(jsonOption())
    .action(async (names: string[], options: ParseOptions) => {
      done(
        await runCommand(session, options, async () =>
          parseAll(await readWords(names, session.stdin), options),
        ),
      )
    })
  example(
    command,
    'kiln name parse kairos-debian-13-standard-amd64-generic-v1.0.0-k3sv1.30.2+k3s1.iso.sha256',
    'kiln name parse --json quay.io/kairos/hadron:v0.5.1-core-amd64-generic-v4.2.0',
  )
}

type Read = { readonly text: string; readonly name: ParsedName } | Finding

function parseAll(texts: readonly string[], options: ParseOptions): Outcome {
  const all = texts.map((text) => readName(text, options))
  const names = all.filter((each) => 'name' in each)
  const [first, ...others] = all.filter((each) => 'code' in each)
  return {
    result: { names: names.map(({ text, name }) => ({ text, ...name })) },
    lines: names.flatMap(({ text, name }) => nameLines(text, name)),
    ...(first ? { error: errorFromFindings([first, ...others]) } : {}),
  }
}

function readName(text: string, { as, flavor }: ParseOptions): Read {
  const like = flavor === undefined ? undefined : { flavor, version: '' }
  try {
    return { text, name: parseName(text, { ...(as ? { kind: as } : {}), like }) }
  } catch (error) {
    if (!isKilnError(error)) throw error
    const { code, message, place, hint } = error
    return { code, message, ...(place ? { place } : {}), ...(hint ? { hint } : {}) }
  }
}

function nameLines(text: string, name: ParsedName): string[] {
  const { image, kind, registry, digest } = name
  const { kubernetes } = image
  const what = endingText(
    { carrier: name.ending, companions: name.companions },
    kind === 'file' ? 'file' : 'tag',
  )
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['what', what],
    ['registry', registry],
    ['flavor', image.flavor],
    ['release', image.flavorRelease],
    ['variant', image.variant],
    ['architecture', image.arch],
    ['device', image.device],
    ['version', image.version],
    ['Kubernetes', kubernetes && `${kubernetes.distribution} ${kubernetes.version}`],
    ['digest', digest],
  ]
  return [text, ...rows.flatMap(([title, value]) => (value ? [`  ${title.padEnd(12)}  ${value}`] : []))]
}
