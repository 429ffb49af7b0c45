import { join } from 'node:path'

/** Each step that changes the root file system leaves a layer here, below its files. */
export const layerFolder = 'layer'

type Result = { readonly folder: string }

export function layerOf(result: Result): string {
  return join(result.folder, layerFolder)
}

/** Layers of a root, lowest first. */
export function layersOf(first: Result, ...rest: Result[]): [string, ...string[]] {
  return [layerOf(first), ...rest.map(layerOf)]
}
