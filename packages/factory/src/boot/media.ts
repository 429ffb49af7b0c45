import { access, constants } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'
import { KilnError } from '@kiln/contract'
import type { Attachment, Drive } from '../tools/qemu.ts'
import { createDisk } from '../tools/qemu-img.ts'

/** A disk besides the artifact: a file, which keeps what the guest writes, or a new empty one of some bytes. */
export type DiskRequest = { readonly file: string } | { readonly size: number }

const formats: Readonly<Record<string, Drive['format']>> = {
  '.iso': 'raw',
  '.img': 'raw',
  '.raw': 'raw',
  '.qcow2': 'qcow2',
  '.vhd': 'vpc',
  '.vmdk': 'vmdk',
}

const mebibyte = 1024 * 1024
const units: Readonly<Record<string, number>> = { M: mebibyte, G: 1024 * mebibyte, T: 1024 * 1024 * mebibyte }

/** `8G`, `512M` or `1T` is a new disk of that size; anything else is the path of a file. */
export function parseDisk(text: string): DiskRequest {
  const [, count, unit] = text.match(/^(\d+)([MGT])(?:iB)?$/) ?? []
  if (count === undefined || unit === undefined) return { file: text }
  return { size: Number(count) * (units[unit] ?? 1) }
}

/**
 * How an artifact is plugged in. It is never changed: what the guest writes to it is thrown away.
 * @throws KilnError E-USAGE for an unknown extension, or a disk image that is to be a CD
 */
export function artifactDrive(artifact: string, as?: Attachment): Drive {
  const format = formatOf(artifact)
  const isIso = extname(artifact).toLowerCase() === '.iso'
  const attach = as ?? (isIso ? 'cd' : 'disk')
  if (attach === 'cd' && !isIso) {
    throw new KilnError('E-USAGE', `${artifact} is a disk image and cannot be a CD`, {
      hint: 'use --as disk or --as usb',
    })
  }
  return { attach, file: resolve(artifact), format, writes: 'discarded' }
}

/** @throws KilnError E-ARTIFACT-MISSING where a file is not there or cannot be read */
export async function requireArtifact(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK)
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : 'cannot be read'
    throw new KilnError('E-ARTIFACT-MISSING', `${file} ${reason}`, {
      cause,
      place: { file },
      hint: '"kiln build" makes artifacts and prints their paths',
    })
  }
}

/** Makes the new disks in `scratch` and looks for the others. */
export async function prepareDisks(
  requests: readonly DiskRequest[],
  scratch: string,
  signal?: AbortSignal,
): Promise<Drive[]> {
  return Promise.all(
    requests.map(async (request, index): Promise<Drive> => {
      if ('file' in request) {
        await requireArtifact(request.file)
        const format = formatOf(request.file)
        return { attach: 'disk', file: resolve(request.file), format, writes: 'kept' }
      }
      const file = join(scratch, `disk${index}.qcow2`)
      await createDisk(file, request.size, signal)
      return { attach: 'disk', file, format: 'qcow2', writes: 'kept' }
    }),
  )
}

function formatOf(file: string): Drive['format'] {
  const format = formats[extname(file).toLowerCase()]
  if (format) return format
  throw new KilnError('E-USAGE', `${file}: a virtual machine cannot use a file of this kind`, {
    hint: `known kinds: ${Object.keys(formats).join(', ')}`,
  })
}
