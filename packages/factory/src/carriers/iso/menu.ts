import { splitCommandLine } from '@kiln/contract'
import { liveWords } from '../../payload/live-words.ts'

/** One way to start the medium. */
export interface MenuEntry {
  readonly id: string
  readonly title: string
  /** The words of the payload's command line, and those of the carrier behind them. */
  readonly words: readonly string[]
}

/** The first entry is the one that starts by itself. */
export function liveMenu(title: string, cmdline: string): MenuEntry[] {
  const words = [...splitCommandLine(cmdline), ...liveWords]
  return [
    { id: 'live', title, words },
    {
      id: 'install',
      title: `${title} (install, asking on the console)`,
      words: [...words, 'install-mode-interactive'],
    },
    {
      id: 'rescue',
      title: `${title} (a shell if the boot fails; installs nothing)`,
      words: [...words, 'rd.shell', 'rd.kiln.debug', 'kiln.install=off'],
    },
  ]
}
