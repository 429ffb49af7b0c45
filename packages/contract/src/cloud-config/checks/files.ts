import { pathName } from '../../issues.ts'
import type { Check } from '../checks.ts'
import type { Path } from '../tree.ts'
import type { Warning } from '../warnings.ts'
import { stepsOf } from './accounts.ts'

/** Modes that are missing, or that are another number than it looks. */
export const fileFindings: Check = (config, source) => {
  const inSteps = stepsOf(config).flatMap(({ step, path }) => [
    ...below(step.files, [...path, 'files'], true),
    ...below(step.directories, [...path, 'directories'], false),
  ])
  const all = [...below(config.write_files, ['write_files'], false), ...inSteps]
  const warnings = all.flatMap(({ path, permissions, isFile }): Warning[] => {
    if (permissions === undefined) return isFile ? [missing(path, source.placeOf(path))] : []
    const modePath = [...path, 'permissions']
    const written = source.textOf(modePath)
    if (!/^[1-7][0-7]{2,3}$/.test(written)) return []
    return [
      {
        code: 'W-UNLIKELY',
        message: `${pathName(modePath)} is the decimal number ${written}, which is the mode 0${permissions.toString(8)}`,
        place: source.placeOf(modePath),
        hint: `write "0${written}" if that is the mode`,
      },
    ]
  })
  return { errors: [], warnings }
}

interface WithMode {
  readonly path: Path
  readonly permissions: number | undefined
  readonly isFile: boolean
}

function below(
  list: readonly { readonly permissions?: number | undefined }[] | undefined,
  path: Path,
  isFile: boolean,
): WithMode[] {
  return (list ?? []).map(({ permissions }, index) => ({ path: [...path, index], permissions, isFile }))
}

function missing(path: Path, place: Warning['place']): Warning {
  return {
    code: 'W-UNLIKELY',
    message: `${pathName(path)} has no permissions: 0644 here, 0000 on a node of Kairos`,
    ...(place ? { place } : {}),
    hint: 'say what is meant: permissions: "0644"',
  }
}
