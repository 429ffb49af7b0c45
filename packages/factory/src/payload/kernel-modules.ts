import { KilnError } from '@kiln/contract'

/** The indexes that depmod writes beside the modules of a kernel, as text. */
export interface ModuleIndex {
  readonly dep: string
  readonly alias: string
  readonly softdep: string
  readonly builtin: string
}

/** Modules of one kernel, and the same indexes cut down to them. */
export interface ModuleSelection {
  /** Paths below `/usr/lib/modules/<version>/`, as the root has them: possibly packed. */
  readonly files: readonly string[]
  /** Names of the modules to load whatever the hardware; built-in ones are left out. */
  readonly always: readonly string[]
  readonly dep: string
  readonly alias: string
  readonly softdep: string
}

export interface WantedModules {
  /** Needed in any case; missing is an error. */
  readonly always: readonly string[]
  /** Taken where the kernel has them. */
  readonly hardware: readonly string[]
}

/** Name of a module from its path: `kernel/drivers/md/dm-mod.ko.xz` → `dm_mod`. Dashes and underscores are the same. */
export function moduleName(path: string): string {
  return path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_')
}

/** The same path without the suffix of a packer. */
export function unpackedPath(path: string): string {
  return path.replace(/\.(xz|zst|gz)$/, '')
}

/**
 * The wanted modules with everything they depend on.
 * @throws KilnError E-KERNEL-MODULE-MISSING where a module that must be there is neither a file nor built in
 */
export function selectModules(index: ModuleIndex, wanted: WantedModules): ModuleSelection {
  const modules = parseDependencies(index.dep)
  const builtin = new Set(lines(index.builtin).map(moduleName))
  const lost = wanted.always.filter((name) => !modules.has(name) && !builtin.has(name))
  if (lost.length > 0) {
    throw new KilnError('E-KERNEL-MODULE-MISSING', `the kernel has no ${lost.join(', ')}`, {
      hint: 'choose another kernel under kernel: in kiln.yaml; a minimal one may come without dm-verity or squashfs',
    })
  }
  const softdeps = parseSoftDependencies(index.softdep)
  const selected = close([...wanted.always, ...wanted.hardware], modules, softdeps)
  const names = new Set(selected.map(moduleName))
  return {
    files: selected,
    always: wanted.always.filter((name) => modules.has(name)),
    dep: selected.map((path) => dependencyLine(path, modules)).join(''),
    alias: keepLines(index.alias, (line) => names.has(normal(line.split(/\s+/)[2]))),
    softdep: keepLines(index.softdep, (line) => names.has(normal(line.split(/\s+/)[1]))),
  }
}

interface Module {
  readonly path: string
  readonly needs: readonly string[]
}

/** modules.dep: `path: path path…` */
function parseDependencies(text: string): Map<string, Module> {
  const entries = lines(text).map((line): [string, Module] => {
    const [path = '', needs = ''] = line.split(':')
    return [moduleName(path), { path, needs: needs.split(' ').filter((need) => need !== '') }]
  })
  return new Map(entries)
}

/** modules.softdep: `softdep name pre: a b post: c` */
function parseSoftDependencies(text: string): Map<string, string[]> {
  const entries = lines(text).map((line): [string, string[]] => {
    const [, name, ...words] = line.split(/\s+/)
    return [normal(name), words.filter((word) => !word.endsWith(':')).map(normal)]
  })
  return new Map(entries)
}

/** Paths of the named modules and of all that they need, in byte order. Unknown names are passed over. */
function close(
  names: readonly string[],
  modules: ReadonlyMap<string, Module>,
  softdeps: ReadonlyMap<string, readonly string[]>,
): string[] {
  const paths = new Set<string>()
  const waiting = names.map(normal)
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const module = modules.get(name)
    if (!module || paths.has(module.path)) continue
    paths.add(module.path)
    waiting.push(...module.needs.map(moduleName), ...(softdeps.get(name) ?? []))
  }
  return [...paths].sort()
}

function dependencyLine(path: string, modules: ReadonlyMap<string, Module>): string {
  const needs = modules.get(moduleName(path))?.needs ?? []
  return `${unpackedPath(path)}:${needs.map((need) => ` ${unpackedPath(need)}`).join('')}\n`
}

function normal(name: string | undefined): string {
  return (name ?? '').replaceAll('-', '_')
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

function keepLines(text: string, keep: (line: string) => boolean): string {
  return lines(text)
    .filter(keep)
    .map((line) => `${line}\n`)
    .join('')
}
