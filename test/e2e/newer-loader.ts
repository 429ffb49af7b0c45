import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Payload, payloadCard } from '@kiln/contract'

/** What tells the newer programs from those of the payload, and does not change what they do: words that they say. */
const changes: Readonly<Record<string, readonly [from: Buffer, to: Buffer]>> = {
  // As it names itself in the variable LoaderInfo, in UTF-16.
  'systemd-boot.efi': [Buffer.from('systemd-boot 2', 'utf16le'), Buffer.from(`systemd-boot 9`, 'utf16le')],
  'grub-boot.img': [Buffer.from('GRUB \0'), Buffer.from('Grub \0')],
  'grub-core.img': [Buffer.from('loading\0'), Buffer.from('LOADING\0')],
}

/** In `LoaderInfo` where the newer systemd-boot runs. */
export const newerSystemdBoot = /^systemd-boot 9/

/** Gives a payload a boot loader that is a version newer, and works as well. */
export async function makeLoaderNewer(folder: string): Promise<void> {
  const card = join(folder, payloadCard)
  const payload = Payload.parse(JSON.parse(await readFile(card, 'utf8')))
  const { bootLoader } = payload
  const files = await Promise.all(
    bootLoader.files.map(async (known) => {
      const change = changes[known.file]
      if (!change) throw new RangeError(`${known.file} is no program of a boot loader`)
      const bytes = replaceOnce(await readFile(join(folder, known.file)), ...change)
      await writeFile(join(folder, known.file), bytes)
      return { ...known, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` }
    }),
  )
  const version = bootLoader.version.replace(/(?= |$)/g, '+newer')
  await writeFile(card, `${JSON.stringify({ ...payload, bootLoader: { version, files } })}\n`)
}

function replaceOnce(bytes: Buffer, from: Buffer, to: Buffer): Buffer {
  const at = bytes.indexOf(from)
  if (at < 0) throw new RangeError(`there is no "${from.toString('latin1')}"`)
  const changed = Buffer.from(bytes)
  changed.set(to, at)
  return changed
}
