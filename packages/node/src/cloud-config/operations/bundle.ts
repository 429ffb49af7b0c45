import * as z from 'zod/mini'
import { parentOf } from '../../host/durable.ts'
import type { Argv } from '../../host/host.ts'
import { readIfThere } from '../../host/tree.ts'
import { withWorkFolder } from '../../host/work-folder.ts'
import { type Actor, endText, OperationError, runFor } from './actor.ts'
import type { OperationOf } from './operation.ts'
import { unpackArchive, unpackFromRegistry } from './unpack-image.ts'

/** A folder that the system has at another place when it runs: partitions, while it is installed. */
export interface Shown {
  readonly folder: string
  readonly at: string
}

const ledgerPath = '/usr/local/.kiln/bundles.json'
/** On the partition that has room. */
const workFolder = '/usr/local/.kiln/bundle'
const kinds = { container: 'unpack', docker: 'unpack', run: 'run' } as const

/**
 * Brings a bundle, once for each node: an image that is unpacked into a folder, or one whose run.sh is run.
 * @param shown while installing; what is below none of these would be lost
 */
export function bringBundle(
  { target, folder, isFile }: OperationOf<'bundle'>,
  actor: Actor,
  shown: readonly Shown[] = [],
): void {
  const [, scheme = 'container', image = target] = target.match(/^(\w+):\/\/(.*)$/s) ?? []
  const kind = kinds[scheme as keyof typeof kinds]
  if (!kind)
    throw new OperationError(`bundles: ${target}: packages of luet are not known here; take an image`)
  if (kind === 'unpack' && folder === '/') {
    const hint = 'name a folder that can be written, such as rootfs_path: /usr/local'
    throw new OperationError(
      `bundles: ${target} would be unpacked into the root, which is read-only: ${hint}`,
    )
  }
  const place = (path: string) => placeOf(path, actor, shown)
  const done = readDone(actor, place(ledgerPath))
  const name = kind === 'run' ? target : `${target} in ${folder}`
  if (done.includes(name)) return
  const unpack = (into: string) =>
    isFile
      ? unpackArchive(`${actor.root}${image}`, into, actor)
      : unpackFromRegistry('bundles', image, { folder: into, platform: undefined }, actor)
  if (kind === 'unpack') unpack(place(folder))
  else
    withWorkFolder(actor.host, place(workFolder), (work) => {
      unpack(work)
      runScript(work, image, actor, shown)
    })
  writeDone(actor, place(ledgerPath), [...done, name])
}

function placeOf(path: string, { root }: Actor, shown: readonly Shown[]): string {
  if (shown.length === 0) return `${root}${path}`
  const found = shown.find(({ at }) => path === at || path.startsWith(`${at}/`))
  if (found) return `${found.folder}${path.slice(found.at.length)}`
  const kept = shown.map(({ at }) => at).join(' and ')
  throw new OperationError(`bundles: while installing, only what is below ${kept} is kept, and not ${path}`)
}

/** As the field does it: in the image's own folder. What the script sees of partitions it alone sees. */
function runScript(work: string, image: string, actor: Actor, shown: readonly Shown[]): void {
  const binds = shown.map(({ folder, at }) => `mount --bind ${folder} ${at}`)
  const line = [...binds, 'cd "$CONTAINERDIR"', 'exec ./run.sh'].join(' && ')
  const [shell, ...options] = actor.shell
  const plain: Argv = [shell, ...options, '-c', line]
  const argv: Argv = shown.length === 0 ? plain : ['unshare', '--mount', ...plain]
  const env = { CONTAINERDIR: work, BUNDLE_TARGET: image }
  const { code, stdout, stderr } = runFor(actor, argv, { env })
  if (code === 0) return
  const said = `${stdout}${stderr}`.trim().split('\n').slice(-3).join(' ')
  throw new OperationError(`bundles: run.sh of ${image} ${endText(code, actor.timeoutMs)}: ${said}`)
}

const Ledger = z.strictObject({ schema: z.literal('kiln.bundles/v1'), done: z.array(z.string()) })

/** A list that cannot be read is started anew: a bundle twice is better than none. */
function readDone({ host, warn }: Actor, path: string): readonly string[] {
  const text = readIfThere(host, path)
  if (text === undefined) return []
  try {
    return z.parse(Ledger, JSON.parse(text)).done
  } catch {
    warn(`${ledgerPath} cannot be read and is written anew`)
    return []
  }
}

function writeDone({ host }: Actor, path: string, done: readonly string[]): void {
  host.mkdir(parentOf(path), { recursive: true, mode: 0o700 })
  const ledger = { schema: 'kiln.bundles/v1', done }
  host.writeAtomic(path, `${JSON.stringify(ledger, undefined, 2)}\n`, { mode: 0o600 })
}
