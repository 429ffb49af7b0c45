import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readInRoot } from '../rootfs/read-root.ts'
import { parseCopyright } from './copyright.ts'
import { type DpkgPackage, parseDpkgStatus } from './dpkg-status.ts'
import type { InventoryPackage } from './inventory.ts'
import { licenceExpression } from './licence.ts'

/** What the package database of a root knows. Without one, there are no packages. */
export interface DpkgRoot {
  readonly packages: readonly InventoryPackage[]
  /** Paths as packages name them, which may lead over links → key of the package. */
  readonly owners: ReadonlyMap<string, string>
  /** References that licences of these packages make, with name and text. */
  readonly licenceRefs: ReadonlyMap<string, { readonly name: string; readonly text?: string }>
}

const info = 'var/lib/dpkg/info'

/** @param root folder of a root file system */
export function readDpkgRoot(root: string): DpkgRoot {
  const licenceRefs = new Map<string, { name: string; text?: string }>()
  const installed = parseDpkgStatus(readInRoot(root, '/var/lib/dpkg/status')?.toString('utf8') ?? '')
  const packages = installed.map((found): InventoryPackage => {
    const licence = licenceIn(root, found, licenceRefs)
    const { name, version, architecture, source, maintainer, homepage } = found
    return {
      key: `${name}_${version}_${architecture}`,
      ...{ name, version, architecture, source },
      ...(maintainer ? { supplier: maintainer } : {}),
      ...(homepage ? { homepage } : {}),
      ...(licence ? { licence } : {}),
    }
  })
  return { packages, owners: ownersIn(root, packages), licenceRefs }
}

/** All licences of a package's files together. */
function licenceIn(
  root: string,
  { name, source }: DpkgPackage,
  licenceRefs: Map<string, { name: string; text?: string }>,
): string | undefined {
  const content = readInRoot(root, `/usr/share/doc/${name}/copyright`)
  const copyright = content && parseCopyright(content.toString('utf8'))
  if (!copyright || copyright.licences.length === 0) return undefined
  const expressions = copyright.licences.map((licence) => {
    const { expression, refs } = licenceExpression(licence, source.name)
    for (const [ref, known] of refs) {
      const text = copyright.texts.get(known)
      if (!licenceRefs.has(ref)) licenceRefs.set(ref, { name: known, ...(text ? { text } : {}) })
    }
    return expression
  })
  return allOf(expressions)
}

/** All of some expressions, each licence once. */
function allOf(expressions: readonly string[]): string {
  const terms = expressions.flatMap((each) => (each.includes(' OR ') ? `(${each})` : each.split(' AND ')))
  const distinct = [...new Set(terms)].toSorted()
  return distinct.length === 1 ? (expressions[0] ?? '') : distinct.join(' AND ')
}

/**
 * dpkg lists the files of each package in `info/<name>.list`, or `<name>:<architecture>.list` where several can be there; what
 * else has such a name is dpkg's own about the package.
 */
function ownersIn(root: string, packages: readonly InventoryPackage[]): Map<string, string> {
  const owners = new Map<string, string>()
  if (packages.length === 0) return owners
  const files = Map.groupBy(readdirSync(join(root, info)), (file) => file.slice(0, file.lastIndexOf('.')))
  for (const { key, name, architecture } of packages) {
    const stem = [name, `${name}:${architecture}`].find((each) => files.get(each)?.includes(`${each}.list`))
    if (stem === undefined) continue
    for (const path of readFileSync(join(root, info, `${stem}.list`), 'utf8').split('\n')) {
      if (path !== '') owners.set(path, key)
    }
    for (const file of files.get(stem) ?? []) owners.set(`/${info}/${file}`, key)
  }
  return owners
}
