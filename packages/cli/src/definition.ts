import type { LoadedDefinition } from '@kiln/factory'

/** The definition that a command was pointed at. @throws KilnError as `loadDefinition` does */
export async function openDefinition(pathOrFolder: string): Promise<LoadedDefinition> {
  const [{ loadDefinition }, { listDistros }] = await Promise.all([
    import('@kiln/factory/definition/load'),
    import('@kiln/factory/distros/load'),
  ])
  return loadDefinition(pathOrFolder, await listDistros())
}
