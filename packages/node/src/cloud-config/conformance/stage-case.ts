import { type ConformanceCase, equal } from '../../host/conformance-case.ts'
import { parentOf } from '../../host/durable.ts'
import type { Argv, Host, RunResult } from '../../host/host.ts'
import { readIfThere, statIfThere } from '../../host/tree.ts'
import { type StepRecord, stageRecordsPath } from '../records.ts'
import { runStage } from '../run-stage.ts'
import type { AnyStage } from '../stages.ts'

/** One run of a stage on a small machine, and what it has to come to. Plain data, for Node and for the node's own program. */
export interface StageCase {
  readonly id: string
  readonly what: string
  /** Path → text; one that ends in `/` is a folder. `ROOT` stands for the machine's folder. */
  readonly files?: Readonly<Record<string, string>>
  /** Modes of files and folders that are there. */
  readonly modes?: Readonly<Record<string, number>>
  /** File in /oem → cloud-config without its header. */
  readonly configs: Readonly<Record<string, string>>
  readonly stage?: AnyStage
  /** Folder, or file, that is read instead of /oem. */
  readonly source?: string
  /** Program with its arguments → what it does; the others do nothing, and do it well. */
  readonly programs?: Readonly<Record<string, Partial<RunResult>>>
  readonly expect: Expectation
}

interface Expectation {
  /** Path → text; undefined is no such file. */
  readonly files?: Readonly<Record<string, string | undefined>>
  readonly modes?: Readonly<Record<string, number>>
  /** All programs that ran, in order. */
  readonly ran?: readonly string[]
  readonly code?: 0 | 1
  /** `name status` of each step, in order. */
  readonly steps?: readonly string[]
  /** Parts of what the failed steps and the warnings say. */
  readonly says?: readonly string[]
}

/** These do on both machines what they do everywhere; commands that begin with `real` run in a shell. */
const realPrograms = ['sha256sum', 'gzip']

export function stageCase(definition: StageCase): ConformanceCase {
  return {
    name: `${definition.id}: ${definition.what}`,
    run: (host, folder) => {
      const calls: string[] = []
      prepare(host, folder, definition)
      const code = runStage(actingHost(host, folder, calls, definition), definition.stage ?? 'boot', {
        sources: [{ path: `${folder}${definition.source ?? '/oem'}`, recursive: true }],
        root: folder,
        shell: ['/bin/sh'],
      })
      check(host, folder, { calls, code, expect: definition.expect })
    },
  }
}

function prepare(host: Host, folder: string, { files = {}, modes = {}, configs }: StageCase): void {
  const put = (path: string, text: string) => {
    if (path.endsWith('/')) return host.mkdir(`${folder}${path}`.slice(0, -1), { recursive: true })
    host.mkdir(parentOf(`${folder}${path}`), { recursive: true })
    host.write(`${folder}${path}`, text.replaceAll('ROOT', folder))
  }
  host.mkdir(`${folder}/oem`, { recursive: true })
  for (const [path, text] of Object.entries(files)) put(path, text)
  for (const [path, mode] of Object.entries(modes)) host.chmod(folder + path, mode)
  for (const [name, text] of Object.entries(configs)) put(`/oem/${name}`, `#cloud-config\n${text}`)
}

function actingHost(host: Host, folder: string, calls: string[], { programs = {} }: StageCase): Host {
  const plain = (text: string) => text.replaceAll(folder, '')
  return {
    ...host,
    print: () => {},
    printError: () => {},
    chown: (path, uid, gid) => void calls.push(`chown ${uid}:${gid} ${plain(path)}`),
    run: (argv: Argv, options) => {
      const line = plain(argv.join(' ')).replace(/^\/bin\/sh -c /, '')
      if (realPrograms.includes(argv[0])) return host.run(argv, options)
      const isReal = argv[0] === '/bin/sh' && argv.at(-1)?.startsWith('real ')
      if (isReal) {
        const script = argv.at(-1)?.slice('real '.length) ?? ''
        return host.run(['/bin/sh', '-c', script], { ...options, output: 'capture' })
      }
      if (/^\/bin\/sh$/.test(argv[0]) && line.startsWith('gzip ')) return host.run(argv, options)
      calls.push(line)
      const answer = Object.hasOwn(programs, line) ? programs[line] : undefined
      return { code: 0, stdout: '', stderr: '', ...answer }
    },
  }
}

interface Outcome {
  readonly calls: readonly string[]
  readonly code: number
  readonly expect: Expectation
}

function check(host: Host, folder: string, { calls, code, expect }: Outcome): void {
  const records = recordsOf(host, folder)
  const said = records.flatMap(({ errors, warnings, why = '' }) => [...errors, ...warnings, why]).join('\n')
  const explain = (actual: unknown, expected: unknown) => {
    const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
    if (a !== b) throw new Error(`got ${a}, expected ${b}; ${said}`)
  }
  for (const [path, text] of Object.entries(expect.files ?? {})) {
    explain([path, readIfThere(host, folder + path)], [path, text?.replaceAll('ROOT', folder)])
  }
  for (const [path, mode] of Object.entries(expect.modes ?? {})) {
    explain([path, statIfThere(host, folder + path)?.mode.toString(8)], [path, mode.toString(8)])
  }
  if (expect.ran) explain(calls, expect.ran)
  if (expect.steps)
    explain(
      records.map(({ step, status }) => `${step} ${status}`),
      expect.steps,
    )
  for (const part of expect.says ?? []) {
    if (!said.includes(part)) throw new Error(`nothing says ${JSON.stringify(part)}: ${said}`)
  }
  equal(`${code} ${said}`, `${expect.code ?? 0} ${said}`)
}

function recordsOf(host: Host, folder: string): StepRecord[] {
  const lines = (readIfThere(host, folder + stageRecordsPath) ?? '').split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line) as StepRecord)
}
