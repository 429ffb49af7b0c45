import { KilnError } from '@kiln/contract'
import { stepOutput } from '@kiln/factory/step-output'
import { type Purpose, type Requirement, requirements } from '@kiln/factory/tools/host-tools'
import { installCommand, installPackages, privilege } from './apt.ts'
import type { CommandContext } from './session.ts'

/**
 * Sees to it that the programs for some purposes are on this machine. Says what is missing and why, asks once on a
 * terminal (unless `yes`), and installs it with apt.
 * @throws KilnError E-UNCONFIRMED where the answer was no, E-TOOL-MISSING with the command where Kiln may not install,
 * E-MIRROR-UNREACHABLE or E-TOOL-FAILED where apt failed
 */
export async function ensureHostTools(
  purposes: readonly Purpose[],
  context: CommandContext,
  yes: boolean,
): Promise<void> {
  const missing = requirements(purposes).filter(({ present }) => !present)
  if (missing.length === 0) return
  const packages = packagesOf(missing)
  const command = installCommand(packages.map(({ name }) => name))
  const how = privilege()
  if (how === 'none') {
    throw new KilnError('E-TOOL-MISSING', missingText(missing), { hint: `as root: ${command}` })
  }
  for (const { name, why } of packages) {
    context.emit({ event: 'notice', level: 'info', message: `needs the Debian package ${name} (${why})` })
  }
  if (!yes && (await context.confirm(`Install ${packages.map(({ name }) => name).join(', ')}?`)) === false) {
    throw new KilnError('E-UNCONFIRMED', 'the packages are needed and were not to be installed', {
      hint: `as root: ${command}`,
    })
  }
  await installAsStep(packages, how, context)
}

async function installAsStep(
  packages: readonly { readonly name: string }[],
  how: 'root' | 'sudo',
  { emit, session }: CommandContext,
): Promise<void> {
  const names = packages.map(({ name }) => name)
  const label = { step: 'host-packages', title: `install ${names.join(', ')}` }
  const started = performance.now()
  const elapsed = () => Math.round(performance.now() - started)
  emit({ event: 'step-started', ...label })
  try {
    await installPackages(names, how, {
      signal: session.signal,
      onLine: (line) => emit(stepOutput(label.step, line)),
    })
    emit({ event: 'step-finished', ...label, outcome: 'built', ms: elapsed() })
  } catch (error) {
    const code = error instanceof KilnError ? error.code : 'E-BUG'
    emit({ event: 'step-failed', ...label, code, ms: elapsed() })
    throw error
  }
}

/** Each package once, with the reasons of everything that it brings. */
export function packagesOf(
  missing: readonly Requirement[],
): { readonly name: string; readonly why: string }[] {
  const names = [...new Set(missing.map((requirement) => requirement.package))]
  return names.map((name) => {
    const reasons = missing.filter((requirement) => requirement.package === name).map(({ why }) => why)
    return { name, why: [...new Set(reasons)].join(', ') }
  })
}

function missingText(missing: readonly Requirement[]): string {
  const names = missing.map(({ name }) => name).join(', ')
  return missing.length === 1 ? `${names} is not installed` : `these are not installed: ${names}`
}
