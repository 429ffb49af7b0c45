import type { EntityConfig } from '@kiln/contract/cloud-config/schema/modules/files'
import { valueOfYaml } from '@kiln/contract/yaml/read'
import * as z from 'zod/mini'
import type { Operation } from '../operations/operation.ts'
import { type PlanContext, withText } from '../plan/context.ts'

const text = z.pipe(
  z._default(z.nullable(z.union([z.string(), z.number()])), ''),
  z.transform((value) => (value === null ? '' : String(value))),
)

/** Fields in the order of their file: passwd(5), shadow(5), group(5), gshadow(5). Names are those of the field. */
const kinds = {
  user: { file: '/etc/passwd', fields: ['username', 'password', 'uid', 'gid', 'info', 'homedir', 'shell'] },
  shadow: {
    file: '/etc/shadow',
    fields: [
      'username',
      'password',
      'last_changed',
      'minimum_changed',
      'maximum_changed',
      'warn',
      'inactive',
      'expire',
      'reserved',
    ],
  },
  group: { file: '/etc/group', fields: ['group_name', 'password', 'gid', 'users'] },
  gshadow: { file: '/etc/gshadow', fields: ['name', 'password', 'administrators', 'members'] },
} as const

type Kind = keyof typeof kinds

/** Lines of the account files, for what `users` cannot express. */
export function planEntities(
  kind: 'ensure-entity' | 'delete-entity',
  entities: readonly EntityConfig[],
  context: PlanContext,
): Operation[] {
  return entities.flatMap(({ path, entity }) =>
    withText(context, kind, entity, (source) => planEntity(kind, path, source)),
  )
}

function planEntity(
  kind: 'ensure-entity' | 'delete-entity',
  path: string | undefined,
  source: string,
): Operation {
  const impossible = (message: string): Operation => ({ kind: 'impossible', message: `${kind}: ${message}` })
  let data: unknown
  try {
    data = valueOfYaml(source)
  } catch {
    return impossible('the entity is not YAML')
  }
  const named = z.safeParse(z.looseObject({ kind: z.enum(Object.keys(kinds) as [Kind, ...Kind[]]) }), data)
  if (!named.success) return impossible('kind must be user, shadow, group or gshadow')
  const { file, fields } = kinds[named.data.kind]
  const shape = z.strictObject({
    kind: z.string(),
    ...Object.fromEntries(fields.map((field) => [field, text])),
  })
  const result = z.safeParse(shape, data)
  if (!result.success) return impossible(`a ${named.data.kind} has the fields ${fields.join(', ')}`)
  const values = fields.map((field) => (result.data as Readonly<Record<string, string>>)[field] ?? '')
  if (values[0] === '') return impossible(`${fields[0]} is missing`)
  if (values.some((value) => /[:\n]/.test(value)))
    return impossible('a field must not hold a colon or a line break')
  return { kind, path: path ?? file, fields: values }
}
