import { customMountsKeys, customMountsPath } from '../initramfs/custom-mounts.ts'
import { environmentBlock } from '../lifecycle/command-line.ts'
import type { ConfigFile } from './configs.ts'
import type { InstallSettings } from './settings.ts'

/** A file of COS_OEM. Names are the field's. */
export interface OemFile {
  readonly name: string
  readonly text: string
  readonly mode: number
}

/** Only root reads them: they hold hashes of passwords, and tokens. */
const secret = 0o600

/** The cloud-configs that go along, byte for byte: each one is a file of its own, because each acts by itself. */
export function configsForOem(configs: readonly ConfigFile[]): OemFile[] {
  return configs
    .filter(({ inImage }) => !inImage)
    .map(({ text }, index) => ({ name: oemName(index), text, mode: secret }))
}

/** `90_custom.yaml` … `99_custom.yaml`; more than ten stay behind them. */
function oemName(index: number): string {
  return index < 10 ? `${90 + index}_custom.yaml` : `99_custom_${String(index).padStart(3, '0')}.yaml`
}

/** What the settings leave on the installed system. */
export function settingsForOem({
  bindMounts,
  ephemeralMounts,
  grubOptions,
}: Pick<InstallSettings, 'bindMounts' | 'ephemeralMounts' | 'grubOptions'>): OemFile[] {
  const hasMounts = bindMounts.length > 0 || ephemeralMounts.length > 0
  const hasOptions = Object.keys(grubOptions).length > 0
  return [
    ...(hasMounts
      ? [
          {
            name: '10_user_custom_mounts.yaml',
            text: customMountsConfig(bindMounts, ephemeralMounts),
            mode: secret,
          },
        ]
      : []),
    ...(hasOptions ? [{ name: 'grubenv', text: environmentBlock(grubOptions), mode: secret }] : []),
  ]
}

function customMountsConfig(persistent: readonly string[], ephemeral: readonly string[]): string {
  const lines = [
    `${customMountsKeys.persistent}="${persistent.join(' ')}"`,
    `${customMountsKeys.ephemeral}="${ephemeral.join(' ')}"`,
    '',
  ]
  return `#cloud-config
# Made by the installer of install.bind_mounts and install.ephemeral_mounts.
stages:
  rootfs:
    - name: user_custom_mounts
      files:
        - path: ${customMountsPath}
          permissions: "0644"
          content: ${JSON.stringify(lines.join('\n'))}
`
}
