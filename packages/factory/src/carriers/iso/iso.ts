import { createHash } from 'node:crypto'
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Architecture, artifactName, labels, liveMedium, Payload } from '@kiln/contract'
import { fileDigest, listTree } from '../../resolve/digest.ts'
import { makeStaging, stageFile, stageText, stageTree } from '../../rootfs/staging.ts'
import type { Executors, StepContext } from '../../run/engine.ts'
import { runInSandbox } from '../../sandbox/sandbox.ts'
import { toolchainSandbox } from '../../toolchain/toolchain.ts'
import { grubImageArguments, hybridBootSector } from '../../tools/grub.ts'
import { makeFatEnvironment, makeFatScript } from '../../tools/mtools.ts'
import { addonArguments, bootLoaderPath, efiArchitecture } from '../../tools/ukify.ts'
import { seededUuid } from '../../tools/veritysetup.ts'
import { isoImageArguments } from '../../tools/xorriso.ts'
import { grubMenu, grubModules, grubPrelude } from './grub-menu.ts'
import { liveMenu, liveWords } from './menu.ts'

/**
 * The live medium. Nothing of the payload is changed or packed again: `/payload` holds its files, the EFI partition its
 * UKI; around them come boot loaders, the cloud-config and the user's own files.
 */
export const makeIso: Executors['iso'] = async (step, context) => {
  const { params } = step
  const payloadFolder = context.inputs.payload.folder
  const payload = Payload.parse(JSON.parse(await readFile(join(payloadFolder, 'payload.json'), 'utf8')))
  const bios = params.arch === 'amd64'
  const work = await stageMedium(step.params, payload, context)
  const sandbox = toolchainSandbox(context.inputs.toolchain, context.scratch, [
    { kind: 'bind-ro', source: payloadFolder, target: '/run/work/payload' },
    { kind: 'bind', source: work, target: '/run/work/medium' },
    { kind: 'bind', source: context.out, target: '/run/work/out' },
  ])
  const run = (argv: [string, ...string[]], env: Record<string, string> = {}) =>
    runInSandbox(sandbox, argv, {
      env: { SOURCE_DATE_EPOCH: String(params.epoch), ...env },
      onLine: context.line,
      signal: context.signal,
    })
  await fillEfiPartition(params.arch, work, run)
  await fixTimes(join(work, 'esp'), params.epoch)
  const espMiB = await sizeInMiB(join(work, 'esp'))
  const id = createHash('sha256').update(context.inputs.payload.digest).digest('hex')
  const fat = {
    target: '/run/work/medium/efi.img',
    label: 'EFI_LIVE',
    volumeId: id.slice(0, 8),
    sizeMiB: espMiB,
  }
  const fatEnvironment = makeFatEnvironment({ ...fat, source: '/run/work/medium/esp' }, params.epoch)
  await run(['sh', '-euc', makeFatScript()], fatEnvironment)
  if (bios) {
    const prelude = '/run/work/medium/prelude.cfg'
    await run(
      grubImageArguments({
        target: '/run/work/medium/tree/boot/grub/eltorito.img',
        prelude,
        modules: grubModules,
      }),
    )
  }
  await run(
    isoImageArguments({
      target: `/run/work/out/${params.file}`,
      label: labels.live,
      epoch: params.epoch,
      diskGuid: seededUuid(`disk ${id}`),
      grafts: {
        '/': '/run/work/medium/tree',
        '/efi.img': '/run/work/medium/efi.img',
        ...Object.fromEntries(
          ['root.img', 'payload.json', 'packages.json', 'kernel', 'initramfs'].map((file) => [
            `${liveMedium.payloadFolder}/${file}`,
            `/run/work/payload/${file}`,
          ]),
        ),
      },
      efi: '/efi.img',
      bios: bios ? { image: '/boot/grub/eltorito.img', bootSector: hybridBootSector } : undefined,
    }),
  )
  const image = join(context.out, params.file)
  const digest = await fileDigest(image)
  await writeFile(`${image}.sha256`, `${digest}  ${params.file}\n`)
  return { digest: `sha256:${digest}`, facts: { digest: `sha256:${digest}`, size: (await stat(image)).size } }
}

/** Gathers what is neither payload nor made by a tool. Returns the folder: `tree/` for the ISO, `esp/` for the EFI partition. */
async function stageMedium(
  params: Parameters<Executors['iso']>[0]['params'],
  payload: Payload,
  context: StepContext<'iso'>,
): Promise<string> {
  const work = join(context.scratch, 'medium')
  const tree = await makeStaging(join(work, 'tree'))
  const esp = await makeStaging(join(work, 'esp'))
  const uki = artifactName(payloadIdentity(payload), '.efi')
  await stageFile(esp, join(context.inputs.payload.folder, 'boot.efi'), `/EFI/Linux/${uki}`, 0o644)
  await mkdir(join(esp.folder, 'EFI/Linux', `${uki}.extra.d`))
  await stageText(esp, '/loader/loader.conf', 'timeout 3\nconsole-mode keep\n')
  if (params.medium) await stageTree(tree, params.medium.folder)
  if (params.cloudConfig) await stageFile(tree, params.cloudConfig.file, liveMedium.cloudConfig, 0o644)
  if (params.arch === 'amd64') {
    const entries = liveMenu(params.title, payload.cmdline)
    const [kernel, initramfs] = ['kernel', 'initramfs'].map((file) => `${liveMedium.payloadFolder}/${file}`)
    await stageText(tree, '/boot/grub/grub.cfg', grubMenu(entries, kernel ?? '', initramfs ?? ''))
    await writeFile(join(work, 'prelude.cfg'), grubPrelude)
  }
  return work
}

function payloadIdentity({ image }: Payload) {
  return { ...image, variant: image.variant as 'core', arch: image.arch as Architecture }
}

/** Boot loader, and the addon that tells the UKI where it is; then fixed times, which FAT stores. */
async function fillEfiPartition(
  arch: Architecture,
  work: string,
  run: (argv: [string, ...string[]]) => Promise<unknown>,
): Promise<void> {
  const efi = efiArchitecture(arch)
  const esp = '/run/work/medium/esp'
  const [uki] = (await listTree(join(work, 'esp/EFI/Linux'))).filter((entry) => entry.kind === 'folder')
  await run(['mkdir', `${esp}/EFI/BOOT`])
  await run(['cp', bootLoaderPath(efi), `${esp}/EFI/BOOT/BOOT${efi.toUpperCase()}.EFI`])
  await run(addonArguments(efi, liveWords.join(' '), `${esp}/EFI/Linux/${uki?.path}/live.addon.efi`))
}

/** Content, a tenth for tables and clusters, and one MiB. */
async function sizeInMiB(folder: string): Promise<number> {
  const entries = await listTree(folder)
  const sizes = await Promise.all(entries.map(async (entry) => (await stat(join(folder, entry.path))).size))
  return Math.ceil((sizes.reduce((sum, size) => sum + size, 0) * 1.02) / 2 ** 20) + 1
}

async function fixTimes(folder: string, epoch: number): Promise<void> {
  for (const entry of (await listTree(folder)).toReversed())
    await utimes(join(folder, entry.path), epoch, epoch)
}
