import { type Finding, pathName } from '@kiln/contract'
import { type Origin, pathIn, type ScalarTree, type Tree } from '@kiln/contract/cloud-config/tree'
import { hostnameData, type StageFacts, templateData } from './plan/facts.ts'
import { renderTemplate, type TemplateData, TemplateError } from './template/index.ts'

export interface Rendered {
  readonly tree: Tree
  readonly errors: readonly Finding[]
}

/** Blocks whose texts have templates, as the engine fills them in when their steps run. */
const templated = ['config_url', 'hostname', 'runcmd', 'stages', 'write_files']

/** The configuration as a machine with these facts has it. A text that cannot be filled in stays as it is, and is told. */
export function renderConfig(tree: Tree, facts: StageFacts): Rendered {
  const errors: Finding[] = []
  const data = { plain: templateData(facts), hostname: hostnameData(facts) }
  const fill = (part: Tree, key: string): Tree => {
    if (part.kind === 'list') return { ...part, items: part.items.map((item) => fill(item, key)) }
    if (part.kind === 'map') {
      const entries = [...part.entries].map(([name, value]) => [name, fill(value, name)] as const)
      return { ...part, entries: new Map(entries) }
    }
    return fillScalar(part, key === 'hostname' ? data.hostname : data.plain, facts, errors)
  }
  if (tree.kind !== 'map') return { tree, errors }
  const entries = [...tree.entries].map(
    ([key, value]) => [key, templated.includes(key) ? fill(value, key) : value] as const,
  )
  return { tree: { ...tree, entries: new Map(entries) }, errors }
}

function fillScalar(part: ScalarTree, data: TemplateData, facts: StageFacts, errors: Finding[]): ScalarTree {
  const { value } = part
  if (typeof value !== 'string' || !value.includes('{{')) return part
  try {
    return { ...part, value: renderTemplate(value, data, facts.templates) }
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    errors.push(finding(part.from.at(-1), error.message))
    return part
  }
}

function finding(origin: Origin | undefined, message: string): Finding {
  if (!origin) return { code: 'E-CONFIG-BAD-VALUE', message: `template: ${message}` }
  const path = pathIn(origin)
  const place = origin.text.placeOf(path)
  return { code: 'E-CONFIG-BAD-VALUE', message: `${pathName(path)}: template: ${message}`, place }
}
