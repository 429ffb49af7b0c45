import { readFile } from 'node:fs/promises'
import {
  architectures,
  formName,
  type ImageIdentity,
  KilnError,
  type Kubernetes,
  type NameKind,
  nameKinds,
  releaseIdentity,
  type Variant,
  variants,
} from '@kiln/contract'
import { parseAssignments } from '@kiln/node/release-file'
import { type Command, Option } from 'commander'
import { example, jsonOption } from '../../options.ts'
import { type Outcome, type OutputOptions, runCommand } from '../../session.ts'
import type { AddSubcommand } from './index.ts'

interface FormatOptions extends OutputOptions {
  readonly as: NameKind
  readonly ending?: string
  readonly registry?: string
  readonly releaseFile?: string
  readonly flavor?: string
  readonly flavorRelease?: string
  readonly variant?: Variant
  readonly arch?: ImageIdentity['arch']
  readonly device?: string
  readonly version?: string
  readonly kubernetes?: string
  readonly kubernetesVersion?: string
}

export const addFormat: AddSubcommand = (parent, session, done) => {
  const command = parent
    .command('format')
    .summary('form a name')
    .description('Forms the name of an image. What could not be read back as the same image is refused.')
    .addOption(new Option('--as <kind>', 'what to form').choices(nameKinds).default('file'))
    .option('--ending <text>', 'of a file or a tag: .iso, -uki.iso, -img')
    .option('--registry <name>', 'of a reference: quay.io/kairos')
    .option('--release-file <file>', 'take what is not given from a file such as /etc/kairos-release')
  withIdentity(command)
    .addOption(jsonOption())
    .action(async (options: FormatOptions) => {
      done(await runCommand(session, options, () => format(options)))
    })
  example(
    command,
    'kiln name format --flavor debian --flavor-release 13 --version v1.0.0 --ending .iso',
    'kiln name format --as reference --registry quay.io/kairos --release-file /etc/kairos-release',
  )
}

function withIdentity(command: Command): Command {
  return command
    .option('--flavor <name>', 'distribution: debian')
    .option('--flavor-release <name>', 'its release: 13')
    .addOption(
      new Option('--variant <name>', 'default: standard with Kubernetes, else core').choices(variants),
    )
    .addOption(new Option('--arch <name>', 'default: amd64').choices(architectures))
    .option('--device <name>', 'default: generic')
    .option('--version <version>', 'of the image: v1.0.0')
    .option('--kubernetes <name>', 'distribution of Kubernetes: k3s')
    .option('--kubernetes-version <version>', 'as it says itself: v1.30.2+k3s1')
}

async function format(options: FormatOptions): Promise<Outcome> {
  const { as: kind, ending, registry } = options
  if (kind === 'reference' && registry === undefined) {
    throw new KilnError('E-USAGE', 'a reference has a registry', { hint: '--registry quay.io/kairos' })
  }
  const image = await imageOf(options)
  const name = formName({
    kind,
    image,
    ...(ending === undefined ? {} : { ending }),
    ...(registry === undefined ? {} : { registry }),
  })
  return { result: { name, image }, lines: [name] }
}

async function imageOf(options: FormatOptions): Promise<ImageIdentity> {
  const from = options.releaseFile === undefined ? undefined : await releaseImage(options.releaseFile)
  const kubernetes = kubernetesOf(options) ?? from?.kubernetes
  const wanted = <T>(given: T | undefined, option: string): T => {
    if (given !== undefined) return given
    throw new KilnError('E-USAGE', `--${option} is missing`, { hint: 'kiln name format --help' })
  }
  return {
    flavor: wanted(options.flavor ?? from?.flavor ?? (options.as === 'tag' ? '' : undefined), 'flavor'),
    flavorRelease: wanted(options.flavorRelease ?? from?.flavorRelease, 'flavor-release'),
    variant: options.variant ?? from?.variant ?? (kubernetes ? 'standard' : 'core'),
    arch: options.arch ?? from?.arch ?? 'amd64',
    device: options.device ?? from?.device ?? 'generic',
    version: wanted(options.version ?? from?.version, 'version'),
    ...(kubernetes ? { kubernetes } : {}),
  }
}

function kubernetesOf({ kubernetes, kubernetesVersion }: FormatOptions): Kubernetes | undefined {
  if (kubernetes === undefined && kubernetesVersion === undefined) return undefined
  return { distribution: kubernetes ?? '', version: kubernetesVersion ?? '' }
}

/** @throws KilnError E-CONFIG-UNREADABLE, E-CONFIG-MISSING-KEY */
async function releaseImage(file: string): Promise<ImageIdentity> {
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new KilnError('E-CONFIG-UNREADABLE', `${file} cannot be read: ${cause.message}`, {
      place: { file },
      cause,
    })
  })
  const identity = releaseIdentity(parseAssignments(text))
  if ('image' in identity) return identity.image
  throw new KilnError('E-CONFIG-MISSING-KEY', `${file} does not have what makes a name`, {
    place: { file },
    hint: `missing, or of no use: ${identity.missing.join(', ')}`,
  })
}
