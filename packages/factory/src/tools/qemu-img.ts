import { run } from './process.ts'

/** Makes an empty disk. It takes no space until something is written. `size` is in bytes. */
export async function createDisk(file: string, size: number, signal?: AbortSignal): Promise<void> {
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', file, String(size)], { signal })
}
