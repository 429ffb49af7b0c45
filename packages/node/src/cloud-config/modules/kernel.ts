import type { Operation } from '../operations/operation.ts'

/** `sysctl` and `modules`. */
export function planSysctl(settings: Readonly<Record<string, string>>): Operation[] {
  return Object.entries(settings).map(([key, value]) => ({ kind: 'kernel-setting', key, value }))
}

/** Each line is a name and the module's parameters. */
export function planKernelModules(lines: readonly string[]): Operation[] {
  return lines.map((line): Operation => {
    const [name = '', ...parameters] = line.trim().split(/\s+/)
    if (!/^[A-Za-z0-9_-]+$/.test(name))
      return { kind: 'impossible', message: `"${line}" is not the name of a kernel module` }
    return { kind: 'kernel-module', name, parameters }
  })
}
