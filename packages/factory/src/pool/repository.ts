import { copyFile, link, mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { LockedPackage } from '../lock/lock.ts'
import type { Executors, StepContext, StepReport } from '../run/engine.ts'
import { keptControl } from './control.ts'
import { mapLimited } from './map-limited.ts'
import type { Pool } from './pool.ts'

const loadedAtOnce = 8
const readAtOnce = 4

/**
 * A package archive that holds exactly one set: the files and a `Packages` index (the flat format of sources.list(5)). With
 * nothing else to choose from, apt installs what the lock says, without a network.
 */
export function repositoryMaker(pool: Pool): Executors['repository'] {
  return (step, context) => makeRepository(step.params.packages, pool, context)
}

async function makeRepository(
  packages: readonly LockedPackage[],
  pool: Pool,
  context: StepContext<'repository'>,
): Promise<StepReport<'repository'>> {
  const total = packages.reduce((sum, { size }) => sum + size, 0)
  let loaded = 0
  let done = 0
  const count = (bytes: number) => {
    done += bytes
    context.progress(done, total, 'bytes')
  }
  const files = await mapLimited(packages, loadedAtOnce, async (file) => {
    let came = 0
    const path = await pool.get(file, context.signal, (bytes) => {
      came += bytes
      loaded += bytes
      count(bytes)
    })
    // It may have been there already, or have come more than once.
    count(file.size - came)
    return { file, path }
  })
  await mkdir(join(context.out, 'repository'))
  const entries = await mapLimited(files, readAtOnce, async ({ file, path }) => {
    const name = fileName(file)
    const target = join(context.out, 'repository', name)
    await link(path, target).catch(() => copyFile(path, target))
    return indexEntry(await keptControl(path, context.signal), file, name)
  })
  await writeFile(join(context.out, 'repository/Packages'), entries.join('\n'))
  return { facts: { packages: packages.length, loaded } }
}

function fileName(file: LockedPackage): string {
  return decodeURIComponent(basename(new URL(file.url).pathname)).replaceAll(':', '%3a')
}

/** A paragraph of a `Packages` index: the package's own control fields, and what is known of the file. */
export function indexEntry(control: string, file: LockedPackage, name: string): string {
  return `${control.trimEnd()}\nFilename: ./${name}\nSize: ${file.size}\nSHA256: ${file.sha256}\n`
}
