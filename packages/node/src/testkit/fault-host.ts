import type { Host } from '../host/host.ts'

/** The power is gone. No expected error: nobody may catch it and go on. */
export class PowerCut extends Error {}

export interface FaultHost {
  readonly host: Host
  /** Effects that were begun. */
  readonly effects: string[]
}

/** Programs that only look. */
const readers = ['sha256sum', 'uname', 'dd', 'systemctl']

/**
 * A host whose power fails at an effect. A write that is not atomic is done by half before, so that every other run tears it.
 * From then on nothing works any more.
 * @param at number of the effect, from 1; 0 for never
 * @param torn whether a plain write leaves half of its content
 */
export function faultHost(base: Host, at: number, torn: boolean): FaultHost {
  const effects: string[] = []
  const cut = () => effects.length === at
  const begin = (effect: string, tear: () => void = () => {}) => {
    if (at > 0 && effects.length >= at) throw new PowerCut(effect)
    effects.push(effect)
    if (!cut()) return
    if (torn) tear()
    throw new PowerCut(effect)
  }
  const half = (content: string | Uint8Array) => content.slice(0, Math.floor(content.length / 2))
  const host: Host = {
    ...base,
    write: (path, content, options) => {
      begin(`write ${path}`, () => base.write(path, half(content), options))
      base.write(path, content, options)
    },
    writeAtomic: (path, content, options) => {
      begin(`writeAtomic ${path}`, () => base.write(`${path}.kiln-new`, half(content)))
      base.writeAtomic(path, content, options)
    },
    overwrite: (path, offset, bytes) => {
      // One sector is written whole or not at all; of several, some.
      const sectors = Math.floor(bytes.length / 512 / 2) * 512
      begin(`overwrite ${path} ${offset}+${bytes.length}`, () =>
        base.overwrite(path, offset, bytes.subarray(0, sectors)),
      )
      base.overwrite(path, offset, bytes)
    },
    flush: (path) => {
      begin(`flush ${path}`)
      base.flush(path)
    },
    mkdir: (path, options) => {
      begin(`mkdir ${path}`)
      base.mkdir(path, options)
    },
    remove: (path, options) => {
      begin(`remove ${path}`)
      base.remove(path, options)
    },
    rename: (from, to) => {
      begin(`rename ${from} ${to}`)
      base.rename(from, to)
    },
    run: (argv, options) => {
      if (!readers.includes(argv[0])) {
        const target = argv.at(-1) ?? ''
        begin(argv.join(' '), () => {
          if (argv[0] === 'cp') base.write(target, half(base.readBytes(argv[1] ?? '', 0, 1 << 20)))
        })
      }
      return base.run(argv, options)
    },
    mount: (request) => {
      begin(`mount ${request.target}`)
      base.mount(request)
    },
    unmount: (path, options) => {
      // It also runs while an error is on its way; then the power is gone already.
      if (at > 0 && effects.length >= at) return
      base.unmount(path, options)
    },
    // A lock ends with its holder.
    lock: () => ({ release: () => {} }),
    sync: () => {},
  }
  return { host, effects }
}
