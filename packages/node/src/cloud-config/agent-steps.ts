import type { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import type { StepHere } from './stages.ts'

/** Neither a medium nor recovery is the system that is meant. */
const installed = { if_files: { none: ['/run/cos/live_mode', '/run/cos/recovery_mode'] } }

/** What the field's agent does at the first boot, behind the stage network: options for the boot loader, and bundles. */
export function agentSteps(config: CloudConfig): StepHere[] {
  const { grub_options: options, bundles, fail_on_bundles_errors: stops } = config
  const texts = Object.entries(options ?? {}).map(([name, value]) => [name, String(value)])
  return [
    ...(texts.length === 0
      ? []
      : [
          {
            step: { name: 'grub_options', ...installed, grub_options: Object.fromEntries(texts) },
            path: ['grub_options'],
          },
        ]),
    ...(bundles === undefined
      ? []
      : [
          {
            step: {
              name: 'bundles',
              ...installed,
              bundles,
              ...(stops ? { on_failure: 'stop' as const } : {}),
            },
            path: ['bundles'],
          },
        ]),
  ]
}

/** Disks whose last partition is to take all the room. What is mounted on `/` is an image, and COS_PERSISTENT grows by itself. */
export function growSteps({ growpart }: CloudConfig): StepHere[] {
  if (growpart?.mode === 'off') return []
  const devices = (growpart?.devices ?? []).filter((device) => device !== '/')
  return devices.map((path, index) => ({
    step: { name: `growpart ${path}`, layout: { device: { path }, expand_partition: { size: 0 } } },
    path: ['growpart', 'devices', index],
  }))
}
