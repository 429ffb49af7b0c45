import { artifactFile, imageName, isDocumentArtifact } from '@kiln/contract'
import type { Command } from 'commander'
import { openDefinition } from '../../definition.ts'
import { example, jsonOption } from '../../options.ts'
import type { Done } from '../../program.ts'
import { type Outcome, type OutputOptions, runCommand, type Session } from '../../session.ts'
import { readChecks, requireOption } from './options.ts'

interface PlanCommandOptions extends OutputOptions {
  readonly require: string
}

export function addReleasePlanCommand(parent: Command, session: Session, done: Done): void {
  const command = parent
    .command('plan')
    .summary('what must be there')
    .description(
      'Prints every artifact that a kiln.yaml names, and what each must have passed. Builds nothing.',
    )
    .argument('[DIR]', 'folder of the kiln.yaml, or the file itself', '.')
    .addOption(requireOption())
    .addOption(jsonOption())
    .action(async (folder: string, options: PlanCommandOptions) => {
      done(await runCommand(session, options, () => plan(folder, options)))
    })
  example(command, 'kiln release plan examples/debian')
}

async function plan(folder: string, options: PlanCommandOptions): Promise<Outcome> {
  const required = readChecks(options.require)
  const definition = await openDefinition(folder)
  const artifacts = expectedArtifacts(definition)
  const lines = artifacts.map(({ file }) => `${file}  ${required.join(' ')}`)
  return {
    result: { artifacts, required },
    lines: [...lines, `${artifacts.length} artifacts, ${artifacts.length * required.length} checks`],
  }
}

type Definition = Awaited<ReturnType<typeof openDefinition>>

/**
 * The files that a definition makes. Layouts are folders, which go to a registry, not into a release; documents are evidence of
 * the artifacts beside them.
 */
export function expectedArtifacts({ images, definition }: Definition): { file: string; image: string }[] {
  return images.flatMap(({ identity }) =>
    definition.artifacts
      .filter((kind) => kind !== 'oci' && kind !== 'img-oci' && !isDocumentArtifact(kind))
      .map((kind) => ({ file: artifactFile(identity, kind), image: imageName(identity) })),
  )
}
