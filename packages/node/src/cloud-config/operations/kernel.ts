import { readIfThere } from '../../host/tree.ts'
import { type Actor, OperationError, runOrFail } from './actor.ts'
import type { OperationOf } from './operation.ts'

/** Writes to /proc/sys. A name with dots, or with slashes where a part of it has dots, as sysctl(8) takes both. */
export function setKernelSetting({ key, value }: OperationOf<'kernel-setting'>, { host, root }: Actor): void {
  const path = /^[^./]*\//.test(key) ? key : key.replace(/[./]/g, (char) => (char === '.' ? '/' : '.'))
  if (path.split('/').includes('..')) throw new OperationError(`"${key}" is not a setting of the kernel`)
  const file = `${root}/proc/sys/${path}`
  if (readIfThere(host, file) === undefined) throw new OperationError(`the kernel has no setting ${key}`)
  host.write(file, value)
}

/** Loads a module unless it is there. */
export function loadKernelModule({ name, parameters }: OperationOf<'kernel-module'>, actor: Actor): void {
  const loaded = (readIfThere(actor.host, `${actor.root}/proc/modules`) ?? '').split('\n')
  const own = name.replaceAll('-', '_')
  if (loaded.some((line) => line.split(' ', 1)[0] === own)) return
  runOrFail(actor, ['modprobe', name, ...parameters])
}
