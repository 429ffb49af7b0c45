import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { layoutPath } from '@kiln/contract'
import type { ConversionParams } from '../plan/step.ts'
import { treeDigest } from '../resolve/digest.ts'
import type { Executors } from '../run/engine.ts'
import { emulationFor } from '../sandbox/emulation.ts'
import { runInSandbox } from '../sandbox/sandbox.ts'
import { layerFolder, layerOf, layersOf } from './layers.ts'
import { readInRoot } from './read-root.ts'
import { osReleaseLines, releaseFile } from './release-file.ts'
import { type ServiceManager, serviceManagerOf } from './service-manager.ts'
import { makeStaging, type Staging, stageFile, stageFolder, stageText, stageTree } from './staging.ts'

const imageFiles = fileURLToPath(new URL('../../image-files', import.meta.url))
const units = fileURLToPath(new URL('../../../node/systemd', import.meta.url))
/** Scripts, and the runlevels in which they are. */
const openrc = fileURLToPath(new URL('../../../node/openrc', import.meta.url))
const script = fileURLToPath(new URL('convert.sh', import.meta.url))

/** Digest of everything that Kiln adds to each image. */
export async function conversionFiles(): Promise<string> {
  const trees = [imageFiles, units, openrc].map((folder) => treeDigest(folder))
  const digests = await Promise.all([...trees, readFile(script, 'utf8')])
  return digests.join('\n')
}

/** Folders that the field expects, beside those of the layout. */
const folders = ['/oem', '/system/oem', '/usr/local/cloud-config', '/usr/lib/kiln']

export const convert: Executors['convert'] = async (step, context) => {
  const { packages, agent } = context.inputs
  const staging = await makeStaging(join(context.scratch, 'stage'))
  const base = layerOf(packages)
  const manager = serviceManagerOf((path) => readInRoot(base, path) !== undefined)
  await stageServices(staging, manager)
  await stageAdditions(staging, step.params, join(agent.folder, 'kiln-agent'), agent.facts.version)
  const layer = join(context.out, layerFolder)
  await mkdir(layer)
  const { enable, mask } = step.params.services
  await runInSandbox(
    {
      root: {
        layers: layersOf(packages),
        upper: { folder: layer, work: join(context.scratch, 'work') },
      },
      mounts: [
        { kind: 'bind-ro', source: staging.folder, target: '/run/work/stage' },
        { kind: 'file-ro', source: script, target: '/run/work/convert.sh' },
      ],
      emulation: emulationFor(step.params.identity.arch, context.inputs.emulator),
      scratch: context.scratch,
    },
    ['sh', '/run/work/convert.sh', 'enable', ...enable, 'mask', ...mask],
    { env: { SOURCE_DATE_EPOCH: String(step.params.epoch) }, onLine: context.line, signal: context.signal },
  )
  return { facts: {} }
}

/** What runs the agent at its moments. What else Kiln and an overlay add comes later and wins. */
export async function stageServices(staging: Staging, manager: ServiceManager): Promise<void> {
  if (manager === 'systemd') await stageTree(staging, units, '/usr/lib/systemd/system')
  else await stageTree(staging, openrc, '/etc')
}

async function stageAdditions(
  staging: Staging,
  params: ConversionParams,
  agent: string,
  version: string,
): Promise<void> {
  for (const folder of [
    ...folders,
    params.layout.store,
    ...params.layout.ephemeral,
    ...params.layout.persistent,
  ]) {
    await stageFolder(staging, folder)
  }
  await stageTree(staging, imageFiles)
  await stageFile(staging, agent, '/usr/bin/kiln-agent', 0o755)
  await stageText(staging, layoutPath, `${JSON.stringify(params.layout, undefined, 2)}\n`)
  await stageText(staging, '/etc/kairos-release', releaseFile(params, version))
  await stageText(staging, '/usr/lib/kiln/os-release.add', osReleaseLines(params))
  await stageText(staging, '/etc/hostname', `${params.hostname ?? params.name}\n`)
  if (params.overlay) await stageTree(staging, params.overlay.folder)
}
