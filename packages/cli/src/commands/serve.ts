import { type Command, InvalidArgumentError } from 'commander'
import { example, jsonOption, progressOption } from '../options.ts'
import type { Done } from '../program.ts'
import {
  type CommandContext,
  type Outcome,
  type OutputOptions,
  runCommand,
  type Session,
} from '../session.ts'

interface Address {
  readonly host: string
  readonly port: number
}

interface ServeCommandOptions extends OutputOptions {
  readonly listen: Address
  readonly tokenFile?: string
  readonly public?: boolean
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly netboot?: string
  readonly netbootState?: string
  readonly pxe?: string
  readonly loaders?: string
}

export function addServeCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('serve')
    .summary('give out what was built: as a registry, and as files')
    .description(
      'Listens until it is interrupted. Image layouts (the artifact oci, kiln bundle) become a registry that can be read; other ' +
        'artifacts are at /artifacts/NAME. Of a folder, only what is called as artifacts are. Nothing is written. Other machines ' +
        'than this one need a token, or --public.',
    )
    .argument('<PATH...>', 'image layouts, artifacts, or folders with some')
    .option('--listen <address>', 'ADDRESS:PORT, or PORT of 127.0.0.1; port 0 is a free one', listenAddress, {
      host: '127.0.0.1',
      port: 5000,
    })
    .option('--token-file <file>', 'only who has one of these tokens may read; one a line')
    .option('--public', 'whoever reaches the address may read')
    .option('--tls-cert <file>', 'certificate chain, PEM: listen with TLS')
    .option('--tls-key <file>', 'its key, PEM')
    .option('--netboot <file>', 'inventory of machines that start over the network')
    .option('--netboot-state <file>', 'keep here who has which machine')
    .option('--pxe <address>', 'answer firmware (ProxyDHCP, TFTP) at this address of the machine; as root')
    .option('--loaders <dir>', 'folder with iPXE for --pxe (default: /usr/lib/ipxe)')
    .addOption(jsonOption())
    .addOption(progressOption())
    .action(async (paths: string[], options: ServeCommandOptions) => {
      done(await runCommand(session, options, (context) => serve(paths, options, context)))
    })
  example(
    command,
    'kiln serve dist',
    'kiln serve bundle --listen 0.0.0.0:5000 --token-file tokens --tls-cert cert.pem --tls-key key.pem',
  )
}

async function serve(
  paths: readonly string[],
  options: ServeCommandOptions,
  context: CommandContext,
): Promise<Outcome> {
  const { serve: run } = await import('@kiln/factory/serve/serve')
  const { listen, tokenFile, tlsCert, tlsKey, netboot, netbootState, pxe, loaders } = options
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    const { KilnError } = await import('@kiln/contract')
    throw new KilnError('E-USAGE', '--tls-cert and --tls-key go together')
  }
  const result = await run({
    paths,
    ...listen,
    isPublic: options.public ?? false,
    emit: context.emit,
    signal: context.session.signal,
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(pxe === undefined ? {} : { pxe: { address: pxe, ...(loaders === undefined ? {} : { loaders }) } }),
    ...(netboot === undefined
      ? {}
      : { netboot: { inventory: netboot, ...(netbootState === undefined ? {} : { state: netbootState }) } }),
    ...(tlsCert === undefined || tlsKey === undefined ? {} : { tls: { cert: tlsCert, key: tlsKey } }),
  })
  return { result, lines: [] }
}

/** `5000`, `0.0.0.0:5000`, `[::]:5000`. */
function listenAddress(text: string): Address {
  const [, bracketed, plain, port = ''] =
    text.match(/^(?:(?:\[([0-9a-fA-F:]+)\]|([^\s:[\]]+)):)?(\d+)$/) ?? []
  if (port === '' || Number(port) > 65_535) {
    throw new InvalidArgumentError('It must be a port, or ADDRESS:PORT; an IPv6 address in brackets.')
  }
  return { host: bracketed ?? plain ?? '127.0.0.1', port: Number(port) }
}
