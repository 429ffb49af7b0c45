import { plainOf } from '@kiln/contract/cloud-config/tree'
import { readYamlText } from '@kiln/contract/yaml/read'
import { type ConformanceCase, equal } from '../../host/conformance-case.ts'
import { type Collected, collect } from '../collect.ts'
import { commandLineConfig } from '../command-line.ts'
import { mergePlain } from '../merge.ts'
import { parsePath, valueAtPath } from '../path.ts'
import { printConfig, printYaml } from '../print.ts'
import { agentCases } from './agent-cases.ts'
import { type CollectCase, collectCases } from './collect-cases.ts'
import { type CommandLineCase, commandLineCases } from './command-line-cases.ts'
import { type MergeCase, mergeCases } from './merge-cases.ts'
import { type SchemaCase, schemaCases } from './schema-cases.ts'
import { type YamlCase, yamlCases } from './yaml-cases.ts'

const queried = 'x-key: local_value_1\nx-off: false\nx-some: {other: {key: 3}}\n'
const queries: readonly (readonly [path: string, expected: string])[] = [
  ['x-key', 'local_value_1\n'],
  ['x-some', 'other:\n    key: 3\n'],
  ['x-some.other', 'key: 3\n'],
  ['.x-some["other"].key', '3\n'],
  ['x-off', 'false\n'],
  ['options', 'foo: bar\n'],
]

/** The tables as cases that run on every host, without a test library. */
export const configCases: readonly ConformanceCase[] = [
  ...agentCases,
  ...yamlCases.map((each) => named('YAML', each.id, () => checkYaml(each))),
  ...mergeCases.map((each) => named('merge', each.id, () => checkMerge(each))),
  ...commandLineCases.map((each) => named('command line', each.id, () => checkCommandLine(each))),
  ...collectCases.map((each) => named('collect', each.id, () => checkCollect(each))),
  ...schemaCases.map((each) => named('schema', each.id, () => checkSchema(each))),
  ...queries.map(([path, expected]) => named('query', `Q1 ${path}`, () => checkQuery(path, expected))),
]

function named(what: string, id: string, run: () => void): ConformanceCase {
  return { name: `cloud-config ${what}: ${id}`, run }
}

function checkYaml({ text, value, error }: YamlCase): void {
  const result = readYamlText(text, 'cloud-config')
  if ('problem' in result) starts(result.problem.message, error ?? 'a value')
  else equal(sorted(result.value), sorted(value))
}

function checkMerge({ earlier, later, keys, expected, error }: MergeCase): void {
  let result: string
  try {
    result = JSON.stringify(mergePlain(earlier, later, keys))
  } catch (thrown) {
    result = (thrown as Error).message
  }
  if (error === undefined) equal(result, JSON.stringify(expected))
  else starts(result, error)
}

function checkCommandLine({ line, value, url, errors = [] }: CommandLineCase): void {
  const result = commandLineConfig(line)
  equal(JSON.stringify(result.text.value), JSON.stringify(value))
  equal(result.configUrl, url)
  allStart(
    result.errors.map(({ message }) => message),
    errors,
  )
}

function checkCollect({ sources, value, printed, outcomes, errors }: CollectCase): void {
  const result = collect(sources)
  if (value !== undefined) equal(sorted(plainOf(result.tree)), sorted(value))
  if (printed !== undefined) equal(printConfig(result), printed)
  if (outcomes) equal(result.sources.map(({ outcome }) => outcome).join(), outcomes.join())
  if (errors)
    allStart(
      result.errors.map(({ message }) => message),
      errors,
    )
}

function checkSchema({ text, errors = [], warnings = [], lenient = false }: SchemaCase): void {
  const source = { kind: 'file', name: 'x.yaml', text: `#cloud-config\n${text}\n` } as const
  const result: Collected = collect([source], { lenient })
  allStart(result.errors.map(told), errors)
  // What has no effect yet is another matter than what is wrong.
  allStart(result.warnings.filter(({ code }) => code !== 'W-NO-EFFECT').map(told), warnings)
}

function told({
  code,
  message,
  place,
  hint,
}: Collected['errors'][number] | Collected['warnings'][number]): string {
  return `${place?.line} ${code} ${message}${hint ? ` | ${hint}` : ''}`
}

function checkQuery(path: string, expected: string): void {
  const { tree } = collect([
    { kind: 'file', name: 'a', text: `#cloud-config\n${queried}` },
    { kind: 'command-line', text: 'options.foo=bar' },
  ])
  equal(printYaml(valueAtPath(plainOf(tree), parsePath(path) ?? [])), expected)
}

function allStart(actual: readonly string[], expected: readonly string[]): void {
  if (actual.length !== expected.length) equal(actual.join('\n'), expected.join('\n'))
  for (const [index, words] of expected.entries()) starts(actual[index] ?? '', words)
}

/** The expected words may leave out the hint. */
function starts(actual: string, expected: string): void {
  if (!actual.startsWith(expected)) equal(actual, expected)
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
}
