import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Architecture, KilnError } from '@kiln/contract'
import * as buildah from '../tools/buildah.ts'
import * as docker from '../tools/docker.ts'
import { requirements } from '../tools/host-tools.ts'
import * as podman from '../tools/podman.ts'
import { run } from '../tools/process.ts'
import { redactAddresses } from '../tools/skopeo.ts'
import type { ImageSource } from './image.ts'

const builders = { podman, buildah, docker } as const
type BuilderName = keyof typeof builders

export interface ContainerBuilder {
  readonly name: BuilderName
  /** As the program says it. */
  readonly version: string
}

/** What programs for containers read of the user's surroundings. */
const passedOn = [
  'BUILDAH_ISOLATION',
  'CONTAINERS_REGISTRIES_CONF',
  'CONTAINERS_STORAGE_CONF',
  'DOCKER_CONFIG',
  'DOCKER_HOST',
  'REGISTRY_AUTH_FILE',
  'XDG_RUNTIME_DIR',
]

/** The first that is here. @throws KilnError E-TOOL-MISSING */
export async function findContainerBuilder(signal: AbortSignal): Promise<ContainerBuilder> {
  const present = new Set(
    requirements(['containerfile', 'test']).flatMap((tool) => (tool.present ? [tool.name] : [])),
  )
  const name = (Object.keys(builders) as BuilderName[]).find((candidate) => present.has(candidate))
  if (!name) {
    throw new KilnError(
      'E-TOOL-MISSING',
      'a Containerfile needs podman, buildah or docker, and none is installed',
      {
        hint: 'apt-get install podman',
      },
    )
  }
  const { stdout } = await run(name, ['--version'], { env: environment(), signal })
  return { name, version: stdout.trim() }
}

export interface ContainerBuild {
  readonly builder: ContainerBuilder
  readonly file: string
  readonly folder: string
  readonly arch: Architecture
  readonly scratch: string
  readonly signal: AbortSignal
  readonly onLine: (line: string) => void
}

/** Builds a Containerfile with the user's own program, which keeps its own cache. The image lies in `scratch` then. */
export async function buildContainerfile(build: ContainerBuild): Promise<ImageSource> {
  const { builder, scratch, signal } = build
  const program = builders[builder.name]
  const [idFile, target] = [join(scratch, 'image-id'), join(scratch, 'image.tar')]
  const onLine = (line: string) => build.onLine(redactAddresses(line))
  const options = { env: environment(), signal, onLine, explain: explainBuild(builder.name, build.file) }
  await run(builder.name, program.buildArguments({ ...build, idFile }), options)
  const id = (await readFile(idFile, 'utf8')).trim()
  await run(builder.name, program.saveArguments(id, target), options)
  return { kind: program.archive, file: target }
}

function explainBuild(name: string, file: string): (output: string) => KilnError {
  return (output) =>
    new KilnError('E-TOOL-FAILED', `${name} cannot build ${file}`, { output: redactAddresses(output) })
}

function environment(): Record<string, string> {
  const pairs = passedOn.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(pairs)
}
