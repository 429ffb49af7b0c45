import { sourceOf, type Tree, treeAt } from './tree.ts'
import type { Warning } from './warnings.ts'

/** Two names for one thing, of which one is enough: `path old meant`. */
export const deprecated: readonly (readonly [path: string, old: string, meant: string])[] = [
  ['install', 'image', 'source'],
  ['install', 'no_format', 'no-format'],
  ['install.system', 'uri', 'source'],
  ['install.recovery-system', 'uri', 'source'],
  ['install.passive', 'uri', 'source'],
  ['upgrade.system', 'uri', 'source'],
  ['upgrade.recovery-system', 'uri', 'source'],
  ['reset.system', 'uri', 'source'],
]

export function deprecationWarnings(tree: Tree): Warning[] {
  return deprecated.flatMap(([parent, old, meant]): Warning[] => {
    const path = parent.split('.')
    if (!treeAt(tree, [...path, old])) return []
    return [
      {
        code: 'W-DEPRECATED',
        message: `${parent}.${old} is called ${meant} now`,
        place: sourceOf(tree).placeOfKey(path, old),
        hint: 'kiln cloud-config migrate renames it',
      },
    ]
  })
}
