import { createHash } from 'node:crypto'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Architecture, artifactName, labels, liveMedium, Payload } from '@kiln/contract'
import type { IsoParams } from '../../plan/step.ts'
import { fileDigest } from '../../resolve/digest.ts'
import { makeStaging, stageFile, stageText, stageTree } from '../../rootfs/staging.ts'
import type { Executors, StepContext } from '../../run/engine.ts'
import { runInSandbox } from '../../sandbox/sandbox.ts'
import { toolchainSandbox } from '../../toolchain/toolchain.ts'
import { grubImageArguments, hybridBootSector } from '../../tools/grub.ts'
import { seededUuid } from '../../tools/veritysetup.ts'
import { isoImageArguments } from '../../tools/xorriso.ts'
import { type MediumTools, makeEfiPartition } from './efi-partition.ts'
import { grubMenu, grubModules, grubPrelude } from './grub-menu.ts'
import { liveMenu } from './menu.ts'

/** Files of the payload that lie in its folder; its UKI is in the EFI partition. */
const payloadFiles = ['root.img', 'payload.json', 'packages.json', 'kernel', 'initramfs']

const medium = '/run/work/medium'

/**
 * The live medium. Nothing of the payload is changed or packed again: `/payload` holds its files, the EFI partition its
 * UKI; around them come boot loaders, the cloud-config and the user's own files.
 */
export const makeIso: Executors['iso'] = async ({ params }, context) => {
  const { folder, digest: payloadDigest } = context.inputs.payload
  const payload = Payload.parse(JSON.parse(await readFile(join(folder, 'payload.json'), 'utf8')))
  const work = join(context.scratch, 'medium')
  await stageMedium(join(work, 'tree'), params, payload)
  const tools = mediumTools(work, params, context)
  const seed = createHash('sha256').update(payloadDigest).digest('hex')
  const uki = { source: join(folder, 'boot.efi'), name: artifactName(identityOf(payload), '.efi') }
  await makeEfiPartition(work, { arch: params.arch, uki, seed, epoch: params.epoch }, tools)
  const bios = hasBios(params.arch) ? await makeBiosImage(work, tools) : undefined
  const payloadGrafts = payloadFiles.map((file) => [
    `${liveMedium.payloadFolder}/${file}`,
    `/run/work/payload/${file}`,
  ])
  await tools.run(
    isoImageArguments({
      target: `/run/work/out/${params.file}`,
      label: labels.live,
      epoch: params.epoch,
      diskGuid: seededUuid(`disk ${seed}`),
      grafts: {
        '/': `${medium}/tree`,
        '/efi.img': `${medium}/efi.img`,
        ...Object.fromEntries(payloadGrafts),
      },
      efi: '/efi.img',
      bios,
    }),
  )
  const image = join(context.out, params.file)
  const digest = await fileDigest(image)
  await writeFile(`${image}.sha256`, `${digest}  ${params.file}\n`)
  return { digest: `sha256:${digest}`, facts: { digest: `sha256:${digest}`, size: (await stat(image)).size } }
}

function mediumTools(work: string, { epoch }: IsoParams, context: StepContext<'iso'>): MediumTools {
  const { inputs, out, scratch, line: onLine, signal } = context
  const sandbox = toolchainSandbox(inputs.toolchain, scratch, [
    { kind: 'bind-ro', source: inputs.payload.folder, target: '/run/work/payload' },
    { kind: 'bind', source: work, target: medium },
    { kind: 'bind', source: out, target: '/run/work/out' },
  ])
  return {
    inside: medium,
    run: (argv, env = {}) =>
      runInSandbox(sandbox, argv, { env: { SOURCE_DATE_EPOCH: String(epoch), ...env }, onLine, signal }),
  }
}

/** Gathers what is neither payload nor made by a tool: the user's files, the cloud-config, the menu of GRUB. */
async function stageMedium(folder: string, params: IsoParams, payload: Payload): Promise<void> {
  const tree = await makeStaging(folder)
  if (params.medium) await stageTree(tree, params.medium.folder)
  if (params.cloudConfig) await stageFile(tree, params.cloudConfig.file, liveMedium.cloudConfig, 0o644)
  if (!hasBios(params.arch)) return
  const { payloadFolder } = liveMedium
  const menu = grubMenu(
    liveMenu(params.title, payload.cmdline),
    `${payloadFolder}/kernel`,
    `${payloadFolder}/initramfs`,
  )
  await stageText(tree, '/boot/grub/grub.cfg', menu)
}

function hasBios(arch: Architecture): boolean {
  return arch === 'amd64'
}

async function makeBiosImage(
  work: string,
  tools: MediumTools,
): Promise<{ image: string; bootSector: string }> {
  await mkdir(join(work, 'tree/boot/grub'), { recursive: true })
  await writeFile(join(work, 'prelude.cfg'), grubPrelude)
  const target = `${medium}/tree/boot/grub/eltorito.img`
  await tools.run(grubImageArguments({ target, prelude: `${medium}/prelude.cfg`, modules: grubModules }))
  return { image: '/boot/grub/eltorito.img', bootSector: hybridBootSector }
}

/** The schema of the card is open where that of an image is not. */
function identityOf({ image }: Payload) {
  return { ...image, variant: image.variant as 'core', arch: image.arch as Architecture }
}
