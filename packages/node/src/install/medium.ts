import { labels, liveMedium, payloadCard } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { fileDigest } from '../host/sha256sum.ts'
import { exists, listIfThere } from '../host/tree.ts'
import { paths } from '../initramfs/paths.ts'
import { bringFrom, type Container, openContainer } from '../source/container.ts'
import { makeSource } from '../source/make-source.ts'
import type { PayloadSource } from '../source/source.ts'
import { InstallError } from './error.ts'

const folder = `${paths.liveMedium}${liveMedium.payloadFolder}`
/** File system with what UEFI starts, on the medium. */
const efiImage = `${paths.liveMedium}/efi.img`
const efiMount = '/run/kiln/medium-efi'
/** Where systemd-boot looks for UKIs by itself. */
const ukiFolder = `${efiMount}/EFI/Linux`

/** Whether this system runs from a medium that carries its payload. */
export function hasMediumPayload(host: Pick<Host, 'stat'>): boolean {
  return exists(host, `${folder}/${payloadCard}`)
}

/**
 * The payload of the live medium. Its UKI is not in the folder with the other files, to be there only once: it is the one
 * that the medium starts.
 */
export function mediumSource(host: Host): PayloadSource {
  const files = openContainer(host, folder, ['folder'])
  return makeSource(host, `live:${labels.live}`, {
    card: () => {
      const card = `${folder}/${payloadCard}`
      return { text: host.readText(card), digest: fileDigest(host, card) }
    },
    bring(wanted, target, progress) {
      if (exists(host, `${folder}/${wanted.file}`)) {
        return bringFrom(host, files, wanted.file, wanted, target, progress)
      }
      withEfiImage(host, () => {
        const name = listIfThere(host, ukiFolder).find((file) => /\.efi$/i.test(file))
        const container: Container = openContainer(host, ukiFolder, ['folder'])
        bringFrom(host, container, name ?? wanted.file, wanted, target, progress)
      })
    },
  })
}

function withEfiImage(host: Host, action: () => void): void {
  host.mkdir(efiMount, { recursive: true })
  // util-linux's mount finds a free loop device, and frees it again with the mount.
  const { code, stderr } = host.run(['mount', '-t', 'vfat', '-o', 'loop,ro', efiImage, efiMount])
  if (code !== 0)
    throw new InstallError(
      'medium-unreadable',
      `${efiImage}: ${stderr.trim() || `mount ended with ${code}`}.`,
    )
  try {
    action()
  } finally {
    host.unmount(efiMount, { lazy: true })
  }
}
