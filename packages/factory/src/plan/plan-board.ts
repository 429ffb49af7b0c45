import type { ResolvedBoard, ResolvedImage } from '../resolve/resolve.ts'
import { repository } from './plan-tools.ts'
import type { Step } from './step.ts'
import { stepId } from './step-id.ts'

/** The files for a board. @param root id of the step with the image's packages */
export function planBoard(image: ResolvedImage, { data, packages }: ResolvedBoard, root: string): Step[] {
  const files = `board/${data.board}/files`
  return [
    repository(files, `firmware of ${data.title}`, packages),
    {
      id: stepId(image, 'board'),
      kind: 'board',
      title: `files for ${data.title}`,
      params: { board: data, epoch: image.root.all.epoch },
      inputs: {
        repository: files,
        packages: root,
        validate: stepId(image, 'validate'),
        toolchain: 'toolchain',
      },
    },
  ]
}
