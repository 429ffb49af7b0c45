import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { BuildResult } from '@kiln/factory'
import { defaultUntil } from '@kiln/factory/boot/artifact'
import { type MachineOptions, startMachine } from '@kiln/factory/boot/machine'
import { generateKey, runInGuest } from '@kiln/factory/tools/ssh'
import { bootTimeoutMs, freshFolder, kiln, repository, waitForLogin, writeCloudConfig } from './harness.ts'
import { withoutSignatures } from './unsigned-program.ts'

const user = 'tester'
const loader = 'EFI/BOOT/BOOTX64.EFI'

/** What firmware says of a boot loader, and systemd-boot of a UKI, that firmware does not let start. */
const refusals = {
  loader: /BdsDxe: failed to load .*: Access Denied/i,
  uki: /Error loading .*\.efi.*: (Access Denied|Security Violation)/i,
}

/** Whose variables they are, by UEFI: those of the specification, and those of its security database. */
const globalVariables = '8be4df61-93ca-11d2-aa0d-00e098032b8c'
const databases = 'd719b2cb-3d3a-4596-a3bc-dad00e67656f'
const variableFiles = {
  SecureBoot: `SecureBoot-${globalVariables}`,
  SetupMode: `SetupMode-${globalVariables}`,
  PK: `PK-${globalVariables}`,
  KEK: `KEK-${globalVariables}`,
  db: `db-${databases}`,
  dbx: `dbx-${databases}`,
}
type Variable = keyof typeof variableFiles

/** What stands before the content of a variable in efivarfs: kept, seen by loader and system, changed by whoever signs. */
const attributes = Buffer.from([0x27, 0, 0, 0])

/**
 * One disk, in a machine that begins in setup mode: it takes the keys, and from then on starts nothing else. Each test after the
 * first relies on it: what is refused is refused by keys of which the running system said that they are there.
 */
describe('Secure Boot', () => {
  let folder: string
  let disk: string
  let key: string
  let keys: string
  /** Variables of a machine that has the keys, and of one that has the list of what is revoked, too. */
  let enrolled: string
  let revoked: string
  let env: Record<string, string>

  before(async () => {
    folder = await freshFolder()
    keys = join(folder, 'keys')
    enrolled = join(folder, 'enrolled.fd')
    revoked = join(folder, 'revoked.fd')
    const pair = await generateKey(folder)
    key = pair.key
    env = { KILN_KEYS_PASSWORD_FILE: join(folder, 'password') }
    await writeFile(join(folder, 'password'), 'correct horse\n', { mode: 0o600 })
    await kiln(['keys', 'generate', 'test', '--yes', '--no-microsoft', '-o', keys], { env })
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

  async function assertRefused(file: string, by: keyof typeof refusals, variables = enrolled): Promise<void> {
    const copy = join(await freshFolder(), 'variables.fd')
    await cp(variables, copy)
    await using machine = await startMachine(machineOf(file, copy))
    const outcome = await machine.outcome(
      { refused: refusals[by], up: defaultUntil },
      { timeoutMs: bootTimeoutMs, since: 0 },
    )
    assert.equal(
      outcome.kind === 'match' && outcome.name,
      'refused',
      `${JSON.stringify(outcome)}\n${machine.console.lastLines(20).join('\n')}`,
    )
  }

  test('takes the keys at the first start, starts what is signed, and takes a signed update', async () => {
    await using machine = await startMachine({ ...machineOf(disk, revoked), sshPort: 'auto' })
    const guest = await waitForLogin(machine, { user, key })
    const read = async (name: Variable) => {
      const { stdout } = await runInGuest(guest, `base64 ${efivars}/${variableFiles[name]}`)
      return Buffer.from(stdout, 'base64').subarray(attributes.length)
    }
    assert.deepEqual([await read('SetupMode'), await read('SecureBoot')], [Buffer.of(0), Buffer.of(1)])
    for (const name of ['PK', 'KEK', 'db'] as const)
      assert.deepEqual(await read(name), await readFile(join(keys, `${name}.esl`)), name)
    await cp(revoked, enrolled)

    await kiln(['keys', 'rotate', 'db', keys], { env })
    const [old = ''] = readdirSync(join(keys, 'further/db'))
    await kiln(['keys', 'revoke', join(keys, 'further/db', old), keys], { env })
    const update = await readFile(join(keys, 'dbx.auth'))
    const forged = Buffer.from(update)
    forged.writeUInt8(forged.readUInt8(forged.length - 1) ^ 1, forged.length - 1)
    const file = `${efivars}/${variableFiles.dbx}`
    // efivarfs takes a variable in one write, and guards the file of one that was tried before.
    const command = `base64 -d >/tmp/update; if [ -e ${file} ]; then sudo chattr -i ${file}; fi; sudo dd if=/tmp/update of=${file} bs=1M`
    const write = (content: Buffer) =>
      runInGuest(guest, command, { input: Buffer.concat([attributes, content]).toString('base64') })
    await assert.rejects(write(forged), { output: /dd: error writing .*Permission denied/ })
    await write(update)
    assert.deepEqual(await read('dbx'), await readFile(join(keys, 'dbx.esl')))
    await runInGuest(guest, 'sudo systemctl poweroff', { okCodes: [0, 255] })
    await machine.ended
  })

  test('starts no boot loader without a signature', async () => {
    const file = await changedDisk('loader', { [loader]: withoutSignatures(await onEsp(loader)) })
    await assertRefused(file, 'loader')
  })

  test('starts no UKI without a signature', async () => {
    const path = ukiPath()
    await assertRefused(
      await changedDisk('unsigned', { [path]: withoutSignatures(await onEsp(path)) }),
      'uki',
    )
  })

  test('starts no UKI of which one bit is another', async () => {
    const path = ukiPath()
    const uki = await onEsp(path)
    const middle = Math.floor(uki.length / 2)
    uki.writeUInt8(uki.readUInt8(middle) ^ 1, middle)
    await assertRefused(await changedDisk('tampered', { [path]: uki }), 'uki')
  })

  test('starts nothing that was signed by a key since revoked', async () => {
    await assertRefused(disk, 'loader', revoked)
  })
})

const efivars = '/sys/firmware/efi/efivars'

/** A machine with the firmware of real ones: none but the firmware writes to its variables. */
function machineOf(file: string, variables: string) {
  return {
    firmware: 'uefi',
    guarded: true,
    variables,
    drives: [{ attach: 'disk', file, format: 'raw', writes: 'discarded' }],
  } as const satisfies MachineOptions
}

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
