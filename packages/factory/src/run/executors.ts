import { importBase } from '../bases/import.ts'
import { makeBoardFiles } from '../boards/board-files.ts'
import { makeDisk } from '../carriers/disk/disk.ts'
import { makeOva } from '../carriers/disk/ova.ts'
import { makeIso } from '../carriers/iso/iso.ts'
import { makeDiskImage } from '../carriers/oci/disk-image.ts'
import { makeDockerArchive } from '../carriers/oci/docker-archive.ts'
import { makeImageLayers } from '../carriers/oci/image-layers.ts'
import { makeOci } from '../carriers/oci/oci.ts'
import { makeRaw } from '../carriers/raw/raw.ts'
import { makeDocument } from '../inventory/document.ts'
import { takeInventory } from '../inventory/gather.ts'
import { makeBootLoader } from '../payload/boot-loader.ts'
import { makeInitramfs } from '../payload/initramfs.ts'
import { makePayload } from '../payload/payload.ts'
import { makeRootImage } from '../payload/root-image.ts'
import { openPool } from '../pool/pool.ts'
import { repositoryMaker } from '../pool/repository.ts'
import { makeBase } from '../rootfs/base.ts'
import { convert } from '../rootfs/convert.ts'
import { installPackages } from '../rootfs/packages.ts'
import { validate } from '../rootfs/validate.ts'
import { bootLoaderSigner, type SigningSecrets } from '../secure-boot/sign-boot-loader.ts'
import { payloadSigner } from '../secure-boot/sign-payload.ts'
import { makeAgent } from '../toolchain/agent.ts'
import { makeToolchain } from '../toolchain/toolchain.ts'
import { verifyArtifact, verifyPayloadFiles, verifyRootImage } from '../verify/step.ts'
import type { Executors } from './engine.ts'

/**
 * Who does what.
 * @param poolFolder holds package files, by their hashes
 * @param secrets what no plan and no key of the cache may hold
 */
export function makeExecutors(poolFolder: string, secrets: SigningSecrets = {}): Executors {
  return {
    repository: repositoryMaker(openPool(poolFolder)),
    toolchain: makeToolchain,
    agent: makeAgent,
    base: makeBase,
    import: importBase,
    packages: installPackages,
    convert,
    validate,
    'root-image': makeRootImage,
    initramfs: makeInitramfs,
    'boot-loader': makeBootLoader,
    payload: makePayload,
    'signed-boot-loader': bootLoaderSigner(secrets),
    'signed-payload': payloadSigner(secrets),
    board: makeBoardFiles,
    iso: makeIso,
    raw: makeRaw,
    disk: makeDisk,
    ova: makeOva,
    inventory: takeInventory,
    document: makeDocument,
    'verify-root': verifyRootImage,
    'verify-payload': verifyPayloadFiles,
    verify: verifyArtifact,
    'image-layers': makeImageLayers,
    oci: makeOci,
    'img-oci': makeDiskImage,
    docker: makeDockerArchive,
  }
}
