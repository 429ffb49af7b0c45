import type { SystemctlConfig } from '@kiln/contract/cloud-config/schema/modules/system'
import type { Operation } from '../operations/operation.ts'
import { type PlanContext, withText } from '../plan/context.ts'
import { systemFile } from './files.ts'

/** `timesyncd`, `systemctl` and `systemd_firstboot`. */
export function planTimesyncd(settings: Readonly<Record<string, string>>): Operation[] {
  const lines = Object.entries(settings)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key} = ${value}\n`)
  return [systemFile('/etc/systemd/timesyncd.conf.d/10-yip.conf', `[Time]\n${lines.join('')}`)]
}

/** In the order of the field; files of overrides come first, so that what is started has them. */
export function planSystemctl(config: SystemctlConfig, context: PlanContext): Operation[] {
  const verbs = (['enable', 'disable', 'mask', 'start'] as const).flatMap((verb) =>
    (config[verb] ?? []).map((unit): Operation => ({ kind: 'program', argv: ['systemctl', verb, unit] })),
  )
  const overrides = (config.overrides ?? []).flatMap((override) => planOverride(override, context))
  const reload: Operation = { kind: 'program', argv: ['systemctl', 'daemon-reload'] }
  return [...overrides, ...(overrides.length > 0 ? [reload] : []), ...verbs]
}

type Override = NonNullable<SystemctlConfig['overrides']>[number]

function planOverride(
  { service = '', content = '', name }: Override,
  context: PlanContext,
): readonly Operation[] {
  if (service === '' || content === '') {
    context.warn('systemctl: an override without service or content has no effect')
    return []
  }
  const unit = /\.[a-z]+$/.test(service) ? service : `${service}.service`
  const file =
    name === undefined || name === '' ? 'override-yip.conf' : name.endsWith('.conf') ? name : `${name}.conf`
  return withText(context, `override of ${unit}`, content, (text) =>
    systemFile(`/etc/systemd/system/${unit}.d/${file}`, text),
  )
}

/** Keys are options of systemd-firstboot(1); `true` is an option without a value. */
export function planFirstboot(settings: Readonly<Record<string, string>>): Operation[] {
  const options = Object.entries(settings)
    .map(([key, value]) => ({ option: `--${key.toLowerCase()}`, value }))
    .toSorted((a, b) => (a.option < b.option ? -1 : 1))
    .map(({ option, value }) => (value.toLowerCase() === 'true' ? option : `${option}=${value}`))
  return options.length === 0 ? [] : [{ kind: 'program', argv: ['systemd-firstboot', ...options] }]
}
