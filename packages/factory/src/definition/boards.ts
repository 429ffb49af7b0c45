import { architectureFacts, type Finding, isBoardArtifact } from '@kiln/contract'
import { genericDevice, listBoards } from '../boards/load.ts'
import type { Board } from '../boards/schema.ts'
import { choiceHint } from './choice-hint.ts'
import type { LoadedDefinition, LoadedImage } from './load.ts'

/** Whether the device is known, and fits the architecture, the artifacts and the disk. */
export function boardFindings(
  loaded: LoadedDefinition,
  image: LoadedImage,
  index: number,
  boards: readonly Board[] = listBoards(),
): Finding[] {
  return [
    ...deviceFindings(loaded, image, index, boards),
    ...artifactFindings(loaded, image, index),
    ...firmwareFindings(loaded, image, index),
  ]
}

function deviceFindings(
  loaded: LoadedDefinition,
  { device, arch }: LoadedImage,
  index: number,
  boards: readonly Board[],
): Finding[] {
  if (device === genericDevice) return []
  const place = loaded.placeOf(['images', index, 'device'])
  const board = boards.find((each) => each.board === device)
  if (!board) {
    const names = [genericDevice, ...boards.map((each) => each.board)]
    const message = `there is no board "${device}"`
    return [{ code: 'E-BOARD-UNKNOWN', message, place, hint: choiceHint(device, names) }]
  }
  if (board.arch === arch) return []
  const message = `${device} is a board of ${board.arch}, and the image is for ${arch}`
  return [{ code: 'E-CONFIG-BAD-VALUE', message, place, hint: `arch: ${board.arch}` }]
}

function artifactFindings(loaded: LoadedDefinition, { device }: LoadedImage, index: number): Finding[] {
  if (device !== genericDevice) return []
  return loaded.definition.artifacts.flatMap((kind, at): Finding[] => {
    if (!isBoardArtifact(kind)) return []
    return [
      {
        code: 'E-CONFIG-BAD-VALUE',
        message: `the artifact ${kind} is for boards, and images[${index}] is for a generic machine`,
        place: loaded.placeOf(['artifacts', at]),
        hint: 'name the board: device: rpi4; or take the artifact raw',
      },
    ]
  })
}

/** What BIOS starts can be made only where machines have one. */
function firmwareFindings(loaded: LoadedDefinition, { arch, disk }: LoadedImage, index: number): Finding[] {
  if (architectureFacts[arch].bios) return []
  const finding = (what: string, path: readonly PropertyKey[], hint: string): Finding => ({
    code: 'E-CONFIG-BAD-VALUE',
    message: `${what} needs BIOS, and machines of ${arch} have none`,
    place: loaded.placeOf(path),
    hint,
  })
  const wished = disk?.firmware
  const artifact = loaded.definition.artifacts.indexOf('raw-bios')
  return [
    ...(wished === undefined || wished === 'uefi'
      ? []
      : [finding(`firmware: ${wished}`, ['images', index, 'disk', 'firmware'], 'firmware: uefi')]),
    ...(artifact < 0
      ? []
      : [finding('the artifact raw-bios', ['artifacts', artifact], 'take the artifact raw')]),
  ]
}
