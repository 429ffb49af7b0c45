import { writeFileSync } from 'node:fs'
import type { Host, RunOptions } from '../host/host.ts'
import type { Service } from './metadata-services.ts'

/** What was asked of a fake network. */
export interface FakeQuestion {
  readonly method: string
  readonly url: string
  readonly options: ReadonlyMap<string, string>
}

/** A host whose curl reaches services that are plain data. Whatever nobody serves does not answer. */
export function withFakeCurl(
  base: Host,
  folder: string,
  services: readonly Service[],
): { readonly host: Host; readonly asked: FakeQuestion[] } {
  const asked: FakeQuestion[] = []
  const run: Host['run'] = (argv, options) => {
    if (!argv.includes('curl')) return base.run(argv, options)
    const question = parse(options)
    asked.push(question)
    const service = services.find(({ origin }) => question.url.startsWith(`${origin}/`))
    if (!service) return { code: 7, stdout: '000 0 ', stderr: 'curl: (7) Failed to connect' }
    const { status, body } = answer(service, question)
    writeFileSync(folder + question.options.get('output'), body)
    return { code: 0, stdout: `${status} ${body.length} 169.254.169.254`, stderr: '' }
  }
  return { host: { ...base, run }, asked }
}

function answer({ origin, answers, needs }: Service, { method, url, options }: FakeQuestion) {
  const headers = options.get('header')
  if (needs !== undefined && method !== 'PUT' && headers !== needs) return { status: 401, body: '' }
  const body = answers[`${method} ${url.slice(origin.length)}`]
  return body === undefined ? { status: 404, body: '' } : { status: 200, body }
}

/** Reads the configuration that curl gets on its standard input. */
function parse(options: RunOptions | undefined): FakeQuestion {
  const lines = (options?.input ?? '').split('\n').map((line) => {
    const [, name = line, value] = line.match(/^([\w-]+) = "(.*)"$/) ?? []
    return [name, value?.replace(/\\(.)/g, '$1') ?? ''] as const
  })
  const all = new Map(lines)
  return { method: all.get('request') ?? 'GET', url: all.get('url') ?? '', options: all }
}
