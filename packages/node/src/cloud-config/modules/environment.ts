import type { Operation } from '../operations/operation.ts'
import { type PlanContext, withText } from '../plan/context.ts'

/** Values are templates. One that cannot be filled in leaves the others. */
export function planEnvironment(
  values: Readonly<Record<string, string>>,
  path = '/etc/environment',
  context: PlanContext,
): Operation[] {
  const planned = Object.entries(values).flatMap(([name, value]) =>
    withText(context, `environment ${name}`, value, (text): Operation => {
      if (!/^[A-Za-z_]\w*$/.test(name))
        return { kind: 'impossible', message: `"${name}" is not the name of a variable` }
      if (text.includes('\n'))
        return { kind: 'impossible', message: `environment ${name}: the value must not hold a line break` }
      return { kind: 'environment', path, values: { [name]: text } }
    }),
  )
  const together = Object.assign(
    {},
    ...planned.map((each) => (each.kind === 'environment' ? each.values : {})),
  )
  const failed = planned.filter(({ kind }) => kind === 'impossible')
  return [
    ...(Object.keys(together).length > 0 ? [{ kind: 'environment', path, values: together } as const] : []),
    ...failed,
  ]
}
