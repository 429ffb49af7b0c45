import type { Operation } from '../operations/operation.ts'
import { type PlanContext, withText } from '../plan/context.ts'
import { hostnameData } from '../plan/facts.ts'

export function planHostname(name: string, context: PlanContext): readonly Operation[] {
  const data = name.includes('{{') ? hostnameData(context.facts) : undefined
  return withText(
    context,
    'hostname',
    name,
    (hostname): Operation =>
      /^(?!-)[A-Za-z0-9.-]{1,64}(?<!-)$/.test(hostname)
        ? { kind: 'hostname', name: hostname }
        : {
            kind: 'impossible',
            message: `"${hostname}" is not a host name: letters, digits, . and - only, at most 64`,
          },
    data,
  )
}
