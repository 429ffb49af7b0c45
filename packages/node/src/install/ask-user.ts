import { parseCloudConfig } from '@kiln/contract/cloud-config/parse'
import type { Host } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'
import { plannedUsers } from './admins.ts'
import type { ConfigFile } from './configs.ts'
import { InstallError } from './error.ts'
import type { Terminal } from './terminal.ts'

/** A user as a person described it. The password is a hash of crypt(5). */
export interface NewUser {
  readonly name: string
  readonly groups: readonly string[]
  readonly password: string | undefined
  readonly key: string | undefined
}

/** Name of the cloud-config that is made of the answers; it is nowhere yet. */
const madeFile = 'the answers to the installer'

/**
 * Asks for an administrator; where the cloud-configs have one, another is only possible.
 * @returns a cloud-config with the user, or undefined
 */
export function askUser(
  host: Host,
  terminal: Terminal,
  { configs, noUsers }: { readonly configs: readonly ConfigFile[]; readonly noUsers: boolean },
): ConfigFile | undefined {
  const admins = plannedUsers(configs.map(({ config }) => config)).filter(({ isAdmin }) => isAdmin)
  const names = admins.map(({ name }) => name).join(', ')
  const known = names === '' ? '' : `The cloud-config makes ${names}. `
  const isNeeded = names === '' && !noUsers
  const question = isNeeded
    ? 'Name of the administrator [kairos]:'
    : `${known}Name of an administrator (empty: none):`
  const name = askName(terminal, question, isNeeded ? 'kairos' : '')
  if (name === '') return undefined
  for (;;) {
    const password = askPassword(host, terminal)
    const key = askKey(terminal)
    if (password !== undefined || key !== undefined) {
      return configFileOf({ name, groups: adminGroupsOf(host), password, key })
    }
    terminal.say('Without a password and without a key nobody could log in.\n')
  }
}

function askName(terminal: Terminal, question: string, usual: string): string {
  for (;;) {
    const name = terminal.ask(question) || usual
    if (name === '' || /^[a-z_][a-z0-9_-]{0,31}$/.test(name)) return name
    terminal.say('A name has small letters, digits, _ and -, begins with a letter, and is at most 32 long.\n')
  }
}

function askPassword(host: Host, terminal: Terminal): string | undefined {
  for (;;) {
    const password = terminal.askSecret('Password (empty: none, log in by ssh key only):')
    if (password === '') return undefined
    if (terminal.askSecret('The same again:') === password) return hashPassword(host, password)
    terminal.say('These are not the same.\n')
  }
}

function askKey(terminal: Terminal): string | undefined {
  for (;;) {
    const key = terminal.ask('Public ssh key (one line; empty: none):')
    if (key === '') return undefined
    if (/^(ssh-|ecdsa-|sk-)[\w@.-]+ [A-Za-z0-9+/=]{40,}( .*)?$/.test(key)) return key
    terminal.say('That is not the line of a public key: ssh-ed25519 AAAA… comment\n')
  }
}

/** By openssl, from its standard input: arguments of programs can be seen by everybody. */
function hashPassword(host: Host, password: string): string {
  const { code, stdout } = host.run(['openssl', 'passwd', '-6', '-stdin'], { input: `${password}\n` })
  const hash = stdout.trim()
  if (code !== 0 || !hash.startsWith('$6$')) {
    throw new InstallError('bad-config', 'openssl could not make a hash of the password.')
  }
  return hash
}

/** `admin` is the field's; which of the others gives rights depends on the distribution. */
function adminGroupsOf(host: Host): string[] {
  const groups = (readIfThere(host, '/etc/group') ?? '').split('\n').map((line) => line.split(':')[0] ?? '')
  return ['admin', ...['sudo', 'wheel'].filter((name) => groups.includes(name))]
}

/** JSON is YAML, and escapes whatever somebody types. */
export function userConfig({ name, groups, password, key }: NewUser): string {
  const lines = [
    '#cloud-config',
    '# Made by the interactive installer.',
    'users:',
    `  - name: ${JSON.stringify(name)}`,
    `    groups: ${JSON.stringify(groups)}`,
    ...(password === undefined ? [] : [`    passwd: ${JSON.stringify(password)}`]),
    ...(key === undefined ? [] : [`    ssh_authorized_keys: ${JSON.stringify([key])}`]),
  ]
  return `${lines.join('\n')}\n`
}

function configFileOf(user: NewUser): ConfigFile {
  const text = userConfig(user)
  const result = parseCloudConfig(text, madeFile)
  if (result.kind !== 'parsed')
    throw new Error('the installer made a cloud-config that it does not understand')
  return { file: madeFile, text, config: result.document.value, inImage: false }
}
