import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Compression } from '@kiln/contract/definition'
import { makeDockerArchive } from '@kiln/factory/carriers/oci/docker-archive'
import { makeImageLayers } from '@kiln/factory/carriers/oci/image-layers'
import { makeOci } from '@kiln/factory/carriers/oci/oci'
import { layerOf } from '@kiln/factory/rootfs/layers'
import type { StepContext } from '@kiln/factory/run/engine'
import type { StoredResult } from '@kiln/factory/run/store'
import { runInSandbox } from '@kiln/factory/sandbox/sandbox'
import { type MadePayload, makePayload } from '@kiln/node/testkit/payload-files'
import { runScript, type Workshop } from './base-image.ts'
import { freshFolder } from './harness.ts'

/** A small system as packages and conversion leave it, and its container image, made by the steps of a build. */
export interface SampleSystem {
  readonly workshop: Workshop
  readonly payload: MadePayload
  /** Folders of results. */
  readonly packages: string
  readonly convert: string
  readonly rootImage: string
  /** The whole root, to compare with. */
  readonly whole: string
}

export const sampleTag = '13-core-amd64-generic-v1.0.0'

export async function makeSampleSystem(workshop: Workshop): Promise<SampleSystem> {
  const payload = makePayload(join(workshop.folder, 'payload'))
  const rootImage = join(workshop.folder, 'root-image')
  await mkdir(rootImage)
  await copyFile(join(payload.folder, 'root.img'), join(rootImage, 'root.img'))
  const whole = join(workshop.folder, 'whole')
  return { workshop, payload, rootImage, whole, ...(await makeLayers(workshop)) }
}

const lowest = String.raw`
cd packages/layer
mkdir -p bin dev etc/sub/deep opt/gone/x proc run srv/again/in sys tmp usr home/u
cp /usr/bin/dash bin/sh; cp /usr/bin/dash bin/ping; setcap cap_net_raw+ep bin/ping
cp /usr/bin/dash bin/su; chmod 4755 bin/su; chmod 1777 tmp; chmod 555 proc sys
echo a > etc/a; ln etc/a etc/hard; ln -s a etc/link; ln -s /nowhere etc/broken; echo gone > etc/gone
echo old > srv/again/old; echo x > srv/again/in/x; echo y > opt/gone/x/y; mkfifo etc/fifo
mkdir etc/to-file; echo x > etc/to-file/x; echo y > etc/to-folder; touch 'etc/two
lines' 'etc/ü' "etc/$(printf '\377')"
setfattr --name=user.kiln --value=hello etc/a; chown -R 1000:1000 home/u; chmod 2750 home/u
`
const uppermost = String.raw`
rm /etc/gone /etc/to-folder '/etc/two
lines'
rm -r /opt/gone /srv/again /etc/to-file
mkdir -p /srv/again/in /etc/to-folder /new; echo new > /srv/again/new; echo n > /new/n; echo f > /etc/to-file
chmod 700 /etc/sub; echo x > /etc/to-folder/x
printf 'KAIROS_IMAGE_NAME="sample"\nKAIROS_VERSION="v1.0.0"\n' > /etc/kairos-release
`

/** Two layers, the upper one with the marks that overlayfs leaves; its changes are made by the programs of the lowest root. */
async function makeLayers(workshop: Workshop) {
  const packages = join(workshop.folder, 'packages')
  const convert = join(workshop.folder, 'convert')
  for (const folder of [packages, convert]) await mkdir(join(folder, 'layer'), { recursive: true })
  await runScript(workshop, lowest)
  const upper = { folder: layerOf({ folder: convert }), work: join(workshop.folder, 'overlay-work') }
  const sandbox = {
    root: { layers: [join(workshop.tools.folder, 'root')] as const },
    mounts: [{ kind: 'bind' as const, source: workshop.folder, target: '/run/work/it' }],
    scratch: workshop.folder,
  }
  await mkdir(upper.work)
  const script = `
cd /run/work/it; mkdir merged
mount -t overlay -o lowerdir=packages/layer,upperdir=convert/layer,workdir=overlay-work$OPTIONS kiln merged
${uppermost.replaceAll(/ '?\//g, (found) => found.replace('/', 'merged/')).replaceAll('> /', '> merged/')}
mkdir whole; cp --archive merged/. whole/`
  const options = process.getuid?.() === 0 ? '' : ',userxattr'
  await runInSandbox(sandbox, ['sh', '-euc', script], { env: { OPTIONS: options } })
  return { packages, convert }
}

const surroundings = { signal: new AbortController().signal, line: () => {}, progress: () => {} }
const result = (folder: string) => ({ folder }) as StoredResult<never>

export interface SampleImage {
  readonly layout: string
  readonly digest: string
}

/** The layout `sample.oci`, each time made anew. */
export async function makeSampleImage(
  { workshop, payload, packages, convert, rootImage }: SampleSystem,
  { compression = 'zstd', arch = 'amd64' }: { compression?: Compression; arch?: 'amd64' | 'arm64' } = {},
): Promise<SampleImage> {
  const [out, scratch] = [await freshFolder(), await freshFolder()]
  const packed = { out: await freshFolder(), scratch: await freshFolder() }
  const tree = { packages: result(packages), toolchain: result(workshop.tools.folder) }
  await makeImageLayers(
    {
      ...{ id: 'image-layers', kind: 'image-layers', title: 'image layers', params: { compression } },
      inputs: { packages: '', toolchain: '' },
    },
    { inputs: tree, ...packed, ...surroundings },
  )
  const context: StepContext<'oci'> = {
    inputs: {
      ...tree,
      'image-layers': result(packed.out),
      convert: result(convert),
      payload: result(payload.folder),
      'root-image': result(rootImage),
    },
    ...{ out, scratch, ...surroundings },
  }
  const params = { file: 'sample.oci', tag: sampleTag, arch, compression, epoch: 1_700_000_000 }
  const inputs = {
    ...{ packages: '', convert: '', 'image-layers': '', toolchain: '' },
    ...{ payload: '', 'root-image': '' },
  }
  const { digest = '' } = await makeOci({ id: 'oci', kind: 'oci', title: 'oci', params, inputs }, context)
  return { layout: join(out, 'sample.oci'), digest }
}

/** The file that `docker load` takes, of a layout. */
export async function makeSampleArchive(
  { workshop }: SampleSystem,
  { layout }: SampleImage,
): Promise<{ readonly file: string; readonly digest: string }> {
  const [out, scratch] = [await freshFolder(), await freshFolder()]
  const params = { file: 'sample.docker.tar', layout: 'sample.oci', name: 'sample', tag: sampleTag, epoch: 0 }
  const { digest = '' } = await makeDockerArchive(
    { id: 'docker', kind: 'docker', title: 'docker', params, inputs: { oci: '', toolchain: '' } },
    {
      inputs: { oci: result(join(layout, '..')), toolchain: result(workshop.tools.folder) },
      ...{ out, scratch, ...surroundings },
    },
  )
  return { file: join(out, params.file), digest }
}
