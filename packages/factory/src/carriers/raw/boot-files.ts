import {
  crc32Text,
  entryBytes,
  entryFile,
  entryText,
  espPaths,
  grubConfig,
  grubEntryText,
  grubEnvBlock,
  grubGenerationPath,
  grubMenuPath,
  grubPaths,
  grubRecoveryPath,
  grubVariables,
  installedGrubMenu,
  loaderConfig,
} from '@kiln/contract'

/** A disk with one generation and recovery, both from the same slot. */
export interface FirstEntries {
  readonly slot: string
  readonly title: string
  readonly cmdline: string
}

type Texts = Readonly<Record<string, string>>

/**
 * Files of systemd-boot on the EFI partition: path → text. The generation has no counter, since it counts as good.
 * @param enrolment a line for loader.conf, with its end
 */
export function systemdBootTexts({ slot, title }: FirstEntries, enrolment = ''): Texts {
  const entry = (generation: number | undefined, shown: string) => ({
    [`/${espPaths.entries}/${entryFile(generation)}`]: entryText({ generation, slot, title: shown }),
  })
  return {
    [`/${espPaths.loaderConfig}`]: (loaderConfig + enrolment).padEnd(entryBytes, '\n'),
    ...entry(1, title),
    ...entry(undefined, recoveryTitle(title)),
  }
}

/** Files of GRUB on the EFI partition: path → text. */
export function grubTexts({ slot, title, cmdline }: FirstEntries): Texts {
  const recovery = grubEntryText({ slot, title: recoveryTitle(title), cmdline })
  const recoveryName = crc32Text(recovery)
  const state = { good: 1, list: [1], recovery: recoveryName, others: {} }
  return {
    [`/${grubPaths.config}`]: grubConfig(installedGrubMenu),
    [`/${grubMenuPath(installedGrubMenu)}`]: installedGrubMenu,
    [`/${grubPaths.environment}`]: grubEnvBlock(grubVariables(state)),
    [`/${grubGenerationPath(1)}`]: grubEntryText({ generation: 1, slot, title, cmdline }),
    [`/${grubRecoveryPath(recoveryName)}`]: recovery,
  }
}

function recoveryTitle(title: string): string {
  return `${title} (recovery)`
}
