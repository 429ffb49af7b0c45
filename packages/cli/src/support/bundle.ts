import { readFileSync } from 'node:fs'
import { arch, cpus, homedir, release, totalmem } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { isKilnError } from '@kiln/contract'
import { redactText } from '@kiln/factory/run/redact'
import { redactDocument } from '@kiln/factory/run/redact-document'
import packageFacts from '../../package.json' with { type: 'json' }
import { objectData, objectLines } from '../cache-view.ts'
import { groupLines } from '../commands/doctor.ts'
import { plannedBuild } from '../commands/plan.ts'
import { openDefinition } from '../definition.ts'
import { diagnose } from '../diagnosis.ts'
import { lastFailures } from '../failures.ts'
import { planLines } from '../plan-view.ts'
import { formatBytes } from '../report/format.ts'
import type { CommandContext } from '../session.ts'
import type { BundledFile } from './archive.ts'

/** What somebody needs to find out why a build failed, as text files without secrets. What cannot be had says why. */
export async function collectBundle(
  folder: string,
  cache: string,
  context: CommandContext,
): Promise<BundledFile[]> {
  const [doctor, plan, objects, definition] = await Promise.all([
    attempt(async () => (await diagnose(cache)).groups.flatMap(groupLines)),
    attempt(async () => planLines((await plannedBuild(folder, { cache }, context)).steps)),
    attempt(async () => {
      const { listObjects } = await import('@kiln/factory/run/objects')
      return objectLines((await listObjects(cache)).map(objectData))
    }),
    definitionFiles(folder),
  ])
  return [
    { name: 'versions.txt', text: lines(versions()) },
    { name: 'doctor.txt', text: doctor },
    { name: 'plan.txt', text: plan },
    { name: 'cache.txt', text: objects },
    ...definition,
    ...failureFiles(cache),
  ].map(({ name, text }) => ({ name, text: withoutHome(redactText(text)) }))
}

async function attempt(make: () => Promise<string[]>): Promise<string> {
  try {
    return lines(await make())
  } catch (error) {
    const code = isKilnError(error) ? `${error.code}: ` : ''
    return `not available: ${code}${(error as Error).message}\n`
  }
}

function versions(): string[] {
  const processors = cpus()
  return [
    `kiln ${packageFacts.version}`,
    `node ${process.version}`,
    `kernel ${release()} ${arch()}`,
    `system ${systemName()}`,
    `processors ${processors.length} × ${processors[0]?.model ?? 'unknown'}`,
    `memory ${formatBytes(totalmem())}`,
    `user ${process.getuid?.() === 0 ? 'root' : 'ordinary'}`,
  ]
}

function systemName(): string {
  return readText('/etc/os-release')?.match(/^PRETTY_NAME="?(.*?)"?$/m)?.[1] ?? 'unknown'
}

/** The kiln.yaml, its lock and its cloud-configs. A definition that is wrong is of most interest. */
async function definitionFiles(folder: string): Promise<BundledFile[]> {
  const file = /\.ya?ml$/.test(folder) ? folder : join(folder, 'kiln.yaml')
  const loaded = await openDefinition(folder).catch(() => undefined)
  const configs = loaded?.images.flatMap(({ cloudConfig }) => (cloudConfig ? [cloudConfig] : [])) ?? []
  const paths = [...new Set([file, ...configs].map((path) => resolve(path)))]
  return paths.flatMap((path, index) => {
    const text = readText(path)
    if (text === undefined) return []
    const clean = redactDocument(text) ?? 'left out: it is no YAML, so secrets could not be found in it\n'
    return [{ name: `definition/${index}-${basename(path).slice(-60)}`, text: clean }]
  })
}

function failureFiles(cache: string): BundledFile[] {
  return lastFailures(cache).map(({ step, title, code, time, ms, lines: said }, index) => ({
    name: `failures/${String(index).padStart(2, '0')}-${step.replaceAll(/[^a-zA-Z0-9.-]+/g, '_').slice(-50)}.txt`,
    text: lines([`${code} in ${title} (${step}), ${time}, after ${ms} ms`, '', ...said]),
  }))
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** The name of the user is nobody's business. */
function withoutHome(text: string): string {
  const home = homedir()
  return home.length > 1 ? text.replaceAll(home, '~') : text
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('')
}
