import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { BuildResult } from '@kiln/factory'
import { defaultUntil } from '@kiln/factory/boot/artifact'
import { startMachine } from '@kiln/factory/boot/machine'
import { generateKey, runInGuest } from '@kiln/factory/tools/ssh'
import { bootTimeoutMs, freshFolder, kiln, repository, waitForLogin, writeCloudConfig } from './harness.ts'
import { withoutSignatures } from './unsigned-program.ts'

const user = 'tester'
const loader = 'EFI/BOOT/BOOTX64.EFI'

/** What firmware and systemd-boot say of a program that they do not start. */
const refusal = /Access Denied|Security Violation/i

/** One disk, in a machine that begins in setup mode: it takes the keys, and from then on starts nothing else. */
describe('Secure Boot', () => {
  let folder: string
  let disk: string
  let key: string
  /** Variables of a machine that has the keys. */
  let enrolled: string
  let env: Record<string, string>

  before(async () => {
    folder = await freshFolder()
    enrolled = join(folder, 'variables.fd')
    const pair = await generateKey(folder)
    key = pair.key
    env = { KILN_KEYS_PASSWORD_FILE: join(folder, 'password') }
    await writeFile(join(folder, 'password'), 'correct horse\n', { mode: 0o600 })
    await kiln(['keys', 'generate', 'test', '--yes', '--no-microsoft', '-o', join(folder, 'keys')], { env })
    await cp(join(repository, 'examples/debian/overlay'), join(folder, 'overlay'), { recursive: true })
    await writeFile(join(folder, 'kiln.yaml'), definition)
    const cloudConfig = await writeCloudConfig(folder, testConfig(pair.publicKey))
    const args = ['build', folder, '--yes', '--cloud-config', cloudConfig, '--out', folder]
    const { images } = (await kiln(args, { env })) as BuildResult
    disk = images[0]?.artifacts[0]?.path ?? ''
  })

  /** A copy of the disk, with another file on its EFI partition. */
  async function changedDisk(name: string, files: Readonly<Record<string, Buffer>>): Promise<string> {
    const copy = join(folder, `${name}.raw`)
    run('cp', '--sparse=always', disk, copy)
    for (const [path, content] of Object.entries(files)) {
      await writeFile(join(folder, 'changed'), content)
      run('mcopy', '-o', '-i', espOf(copy), join(folder, 'changed'), `::${path}`)
    }
    return copy
  }

  async function onEsp(path: string): Promise<Buffer> {
    const target = join(folder, 'found')
    run('mcopy', '-o', '-n', '-i', espOf(disk), `::${path}`, target)
    return readFile(target)
  }

  const ukiPath = () =>
    `EFI/kiln/${run('mdir', '-b', '-i', espOf(disk), '::EFI/kiln').match(/[0-9a-f]{64}\.efi/)?.[0]}`

  async function assertRefused(file: string, variables: string): Promise<void> {
    await using machine = await startMachine({
      firmware: 'uefi',
      variables,
      drives: [{ attach: 'disk', file, format: 'raw', writes: 'discarded' }],
    })
    const outcome = await machine.outcome(
      { refused: refusal, up: defaultUntil },
      { timeoutMs: bootTimeoutMs, since: 0 },
    )
    assert.equal(
      outcome.kind === 'match' && outcome.name,
      'refused',
      machine.console.lastLines(20).join('\n'),
    )
  }

  async function freshVariables(): Promise<string> {
    const copy = join(await freshFolder(), 'variables.fd')
    await cp(enrolled, copy)
    return copy
  }

  test('takes the keys at the first start, and starts what is signed', async () => {
    await using machine = await startMachine({
      firmware: 'uefi',
      variables: enrolled,
      drives: [{ attach: 'disk', file: disk, format: 'raw', writes: 'discarded' }],
      sshPort: 'auto',
    })
    const guest = await waitForLogin(machine, { user, key })
    const variable = async (name: string) => {
      const file = `/sys/firmware/efi/efivars/${name}-8be4df61-93ca-11d2-aa0d-00e098032b8c`
      const { stdout } = await runInGuest(guest, `od -An -t u1 -j 4 ${file}`)
      return Number(stdout)
    }
    assert.deepEqual([await variable('SecureBoot'), await variable('SetupMode')], [1, 0])
    await runInGuest(guest, 'sudo systemctl poweroff', { okCodes: [0, 255] })
    await machine.ended
  })

  test('starts no boot loader without a signature', async () => {
    const file = await changedDisk('loader', { [loader]: withoutSignatures(await onEsp(loader)) })
    await assertRefused(file, await freshVariables())
  })

  test('starts no UKI without a signature', async () => {
    const path = ukiPath()
    const file = await changedDisk('unsigned', { [path]: withoutSignatures(await onEsp(path)) })
    await assertRefused(file, await freshVariables())
  })

  test('starts no UKI of which one bit is another', async () => {
    const path = ukiPath()
    const uki = await onEsp(path)
    const middle = Math.floor(uki.length / 2)
    uki.writeUInt8(uki.readUInt8(middle) ^ 1, middle)
    await assertRefused(await changedDisk('tampered', { [path]: uki }), await freshVariables())
  })

  test('starts nothing that was signed by a key since revoked', async () => {
    const keys = join(folder, 'keys')
    await kiln(['keys', 'rotate', 'db', keys], { env })
    const [old = ''] = readdirSync(join(keys, 'further/db'))
    await kiln(['keys', 'revoke', join(keys, 'further/db', old), keys], { env })
    const updates = ['db.auth', 'dbx.auth', 'KEK.auth', 'PK.auth']
    const files = await Promise.all(
      updates.map(async (name) => [`loader/keys/auto/${name}`, await readFile(join(keys, name))] as const),
    )
    const file = await changedDisk('revoked', Object.fromEntries(files))
    await assertRefused(file, join(await freshFolder(), 'variables.fd'))
  })
})

const definition = `name: secure
version: v1.0.0
images:
  - flavor: debian
    release: "13"
    overlay: overlay
artifacts: [raw-efi]
secureBoot:
  keys: keys
`

function testConfig(publicKey: string): object {
  return {
    users: [{ name: user, groups: ['sudo'], ssh_authorized_keys: [publicKey] }],
    write_files: [
      { path: '/etc/sudoers.d/tester', permissions: '0440', content: `${user} ALL=(ALL) NOPASSWD: ALL\n` },
    ],
  }
}

/** The EFI partition of a disk, as mtools wants it. */
function espOf(disk: string): string {
  const { partitiontable } = JSON.parse(run('sfdisk', '--json', disk))
  const [esp] = partitiontable.partitions.filter(({ name }: { name: string }) => name === 'efi')
  return `${disk}@@${esp.start * 512}`
}

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  assert.equal(status, 0, `${command} ${args.join(' ')}\n${stderr}`)
  return stdout
}
