import { run } from './process.ts'

/** Makes an empty disk. It takes no space until something is written. `size` is in bytes. */
export async function createDisk(file: string, size: number, signal?: AbortSignal): Promise<void> {
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', file, String(size)], { signal })
}

/** Copies a disk into a new raw file, which takes no space for what is zero. */
export async function copyDiskRaw(
  from: { readonly file: string; readonly format: 'raw' | 'qcow2' },
  to: string,
  signal?: AbortSignal,
): Promise<void> {
  await run('qemu-img', ['convert', '-q', '-f', from.format, '-O', 'raw', from.file, to], { signal })
}
