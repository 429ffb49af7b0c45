import { createHash } from 'node:crypto'
import { copyFile, mkdir, open, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  type Architecture,
  architectureFacts,
  artifactName,
  labels,
  liveMedium,
  Payload,
} from '@kiln/contract'
import { bootLoaderFiles } from '../../payload/boot-loader.ts'
import { rootImageFile } from '../../payload/root-image.ts'
import type { IsoParams } from '../../plan/step.ts'
import { makeStaging, stageFile, stageText, stageTree } from '../../rootfs/staging.ts'
import type { Executors, StepContext } from '../../run/engine.ts'
import { runInSandbox } from '../../sandbox/sandbox.ts'
import { toolchainSandbox } from '../../toolchain/toolchain.ts'
import { bootCode } from '../../tools/grub.ts'
import { seededUuid } from '../../tools/veritysetup.ts'
import { isoImageArguments } from '../../tools/xorriso.ts'
import { verifyAhead } from '../../verify/ahead.ts'
import { finishArtifact } from '../finish-artifact.ts'
import { putConfig, stageRoom } from './config-room.ts'
import { type MediumTools, makeEfiPartition } from './efi-partition.ts'
import { grubMenu } from './grub-menu.ts'
import { liveMenu } from './menu.ts'

/** The UKI is in the EFI partition and nowhere else. */
const ukiFile = 'boot.efi'

const medium = '/run/work/medium'

/**
 * The live medium. Nothing of the payload is changed or packed again: `/payload` holds its files, the EFI partition its
 * UKI; around them come boot loaders, the cloud-config and the user's own files.
 */
export const makeIso: Executors['iso'] = async ({ params }, context) => {
  const { folder, digest: payloadDigest } = context.inputs.payload
  const bootLoader = context.inputs['boot-loader'].folder
  const payload = Payload.parse(JSON.parse(await readFile(join(folder, 'payload.json'), 'utf8')))
  const work = join(context.scratch, 'medium')
  await stageMedium(join(work, 'tree'), params, payload)
  const config = await stageRoom(join(work, 'tree'))
  const tools = mediumTools(work, params, context)
  const seed = createHash('sha256').update(payloadDigest).digest('hex')
  const uki = { source: join(folder, ukiFile), name: artifactName(identityOf(payload), '.efi') }
  const { arch, enrolment, epoch } = params
  await makeEfiPartition(work, { arch, bootLoader, uki, seed, enrolment, epoch }, tools)
  const bios = architectureFacts[params.arch].bios ? await stageBiosImage(work, bootLoader) : undefined
  const payloadFiles = (await readdir(folder)).filter((file) => file !== ukiFile)
  const payloadGrafts = [[rootImageFile, 'root-image'], ...payloadFiles.map((file) => [file, 'payload'])].map(
    ([file, input]) => [`${liveMedium.payloadFolder}/${file}`, `/run/work/${input}/${file}`],
  )
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
  const file = join(context.out, params.file)
  const image = await open(file, 'r+')
  await putConfig(image, config).finally(() => image.close())
  const expected = { payload: payloadDigest, known: payloadDigest }
  await verifyAhead(file, { scratch: context.scratch, ...expected }, context.signal)
  return finishArtifact(context.out, params.file)
}

function mediumTools(work: string, { epoch }: IsoParams, context: StepContext<'iso'>): MediumTools {
  const { inputs, out, scratch, line: onLine, signal } = context
  const sandbox = toolchainSandbox(inputs.toolchain, scratch, [
    { kind: 'bind-ro', source: inputs.payload.folder, target: '/run/work/payload' },
    { kind: 'bind-ro', source: inputs['root-image'].folder, target: '/run/work/root-image' },
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
  if (!architectureFacts[params.arch].bios) return
  const { payloadFolder } = liveMedium
  const menu = grubMenu(
    liveMenu(params.title, payload.cmdline),
    `${payloadFolder}/kernel`,
    `${payloadFolder}/initramfs`,
  )
  await stageText(tree, '/boot/grub/grub.cfg', menu)
}

/** El Torito's image lies in the tree: firmware loads it from there. */
async function stageBiosImage(
  work: string,
  bootLoader: string,
): Promise<{ image: string; bootSector: string }> {
  const image = '/boot/grub/eltorito.img'
  await mkdir(join(work, 'tree', dirname(image)), { recursive: true })
  await copyFile(join(bootLoader, bootLoaderFiles.liveBios), join(work, 'tree', image))
  return { image, bootSector: bootCode.hybrid }
}

/** The schema of the card is open where that of an image is not. */
function identityOf({ image }: Payload) {
  return { ...image, variant: image.variant as 'core', arch: image.arch as Architecture }
}
