import { type Host, HostError } from '../host/host.ts'
import { InstallError } from './error.ts'

/** Questions and answers, line by line. */
export interface Terminal {
  say(text: string): void
  /** @throws InstallError aborted at the end of the input */
  ask(question: string): string
  /** The same, without showing what is typed. */
  askSecret(question: string): string
  close(): void
}

/** The terminal that this program was started on. */
export function openTerminal(host: Host): Terminal {
  const lines = host.openLines('/dev/stdin')
  const device = terminalDevice(host)
  const echo = (mode: 'echo' | '-echo') => {
    if (device !== undefined) host.run(['stty', '-F', device, mode])
  }
  const ask = (question: string): string => {
    host.print(`${question} `)
    const answer = lines.next()
    if (answer === undefined) throw new InstallError('aborted', 'Nobody answers any more.')
    return answer.trim()
  }
  return {
    say: (text) => host.print(text),
    ask,
    askSecret(question) {
      echo('-echo')
      try {
        return ask(question)
      } finally {
        echo('echo')
        host.print('\n')
      }
    },
    close: () => lines.close(),
  }
}

/** Path of the standard input, where it is a terminal: stty(1) itself runs with another one. */
function terminalDevice(host: Host): string | undefined {
  try {
    const path = host.readlink('/proc/self/fd/0')
    return path.startsWith('/dev/') && host.stat(path).type === 'character' ? path : undefined
  } catch (error) {
    if (error instanceof HostError) return undefined
    throw error
  }
}
