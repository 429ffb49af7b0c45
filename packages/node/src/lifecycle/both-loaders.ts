import type { BootLoader } from './boot-loader.ts'

/**
 * A disk that starts under UEFI and under BIOS has both loaders, which are kept the same. Between the two writes of an
 * `arm` they differ; each one alone is in order.
 * @param started the one that this system was started by, which knows what was tried
 */
export function bothLoaders(started: BootLoader, other: BootLoader): BootLoader {
  const each = <A extends readonly unknown[]>(action: (loader: BootLoader, ...args: A) => void) => {
    return (...args: A) => {
      // The one that counts comes last.
      action(other, ...args)
      action(started, ...args)
    }
  }
  return {
    kind: 'both',
    entries: () => started.entries(),
    lacks: (slot, payload) => [...other.lacks(slot, payload), ...started.lacks(slot, payload)],
    stage: each((loader, ...args: Parameters<BootLoader['stage']>) => loader.stage(...args)),
    arm: each((loader, ...args: Parameters<BootLoader['arm']>) => loader.arm(...args)),
    bless: each((loader, generation: number) => loader.bless(generation)),
    // Only this firmware knows that it is asked for once.
    once: (id) => started.once(id),
    setRecovery: each((loader, ...args: Parameters<BootLoader['setRecovery']>) =>
      loader.setRecovery(...args),
    ),
    removeEntry: each((loader, generation: number) => loader.removeEntry(generation)),
    prune: each((loader, keep: readonly string[]) => loader.prune(keep)),
    update: each((loader, ...args: Parameters<BootLoader['update']>) => loader.update(...args)),
  }
}
