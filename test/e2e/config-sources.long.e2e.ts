import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startMachine } from '@kiln/factory/boot/machine'
import { artifactDrive } from '@kiln/factory/boot/media'
import { type Guest, generateKey, runInGuest } from '@kiln/factory/tools/ssh'
import {
  type Built,
  buildExample,
  freshFolder,
  repository,
  waitForLogin,
  writeCloudConfig,
} from './harness.ts'

/**
 * Where configuration comes from, on real starts of the live ISO: fw_cfg, a server with a chain, and the kernel's command
 * line in one; a seed disk with a MIME message, and the command line, in another; CDs with a seed and a config drive in the
 * last.
 */
const user = 'tester'
const word = 'kairos.config="stages.boot.0.commands.0=touch /run/from-cmdline"'
/** The host, as a guest of QEMU's user network sees it. */
const hostAddress = '10.0.2.2'

const touch = (stage: string, name: string) =>
  `  ${stage}: [{name: ${name}, commands: ["touch /run/${name}"]}]\n`

describe('sources of configuration', { concurrency: 2 }, () => {
  let built: Built
  let key: string
  let folder: string
  let server: Server
  let pages: Readonly<Record<string, string>>

  before(async () => {
    folder = await freshFolder()
    const pair = await generateKey(folder)
    key = pair.key
    const definition = join(folder, 'definition')
    await cp(join(repository, 'examples/debian'), definition, { recursive: true })
    const yaml = await readFile(join(definition, 'kiln.yaml'), 'utf8')
    const more = `    hostname: hello-kiln\n    cmdline: [${JSON.stringify(word)}]\n`
    await writeFile(join(definition, 'kiln.yaml'), yaml.replace('    hostname: hello-kiln\n', more))
    const cloudConfig = await writeCloudConfig(folder, {
      users: [{ name: user, groups: ['sudo'], ssh_authorized_keys: [pair.publicKey] }],
      write_files: [
        { path: '/etc/sudoers.d/tester', permissions: '0440', content: `${user} ALL=(ALL) NOPASSWD: ALL\n` },
      ],
    })
    built = await buildExample({ out: folder, cloudConfig, definition })
    server = createServer(({ url = '' }, response) => {
      const page = pages[url.replace(/\?.*/, '')]
      response.writeHead(page === undefined ? 404 : 200).end(page)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const origin = `http://${hostAddress}:${(server.address() as AddressInfo).port}`
    const two = `#cloud-config\nstages:\n${touch('network', 'from-two')}`
    const pin = createHash('sha256').update(two).digest('hex')
    const one = `#cloud-config\nconfig_url: ${origin}/two.yaml#sha256=${pin}\nstages:\n`
    pages = {
      '/two.yaml': two,
      '/one.yaml': `${one}${touch('boot', 'from-one-boot')}${touch('network', 'from-one')}`,
    }
    const first = `#cloud-config\nconfig_url: ${origin}/one.yaml?vendor={{ .Values.product.vendor }}\nstages:\n`
    await writeFile(join(folder, 'user-data'), `${first}${touch('initramfs', 'from-fw-cfg')}`)
    await writeFile(join(folder, 'meta-data'), 'instance-id: fw-1\nlocal-hostname: by-fw-cfg\n')
  })

  after(() => void server?.close())

  test('fw_cfg, a chain of addresses, and the command line', async (t) => {
    await using machine = await startMachine({
      firmware: 'bios',
      drives: [artifactDrive(built.iso)],
      fwCfg: {
        'opt/kiln/user-data': join(folder, 'user-data'),
        'opt/kiln/meta-data': join(folder, 'meta-data'),
      },
      sshPort: 'auto',
    })
    const guest = await waitForLogin(machine, { user, key })
    await awaitStages(guest)
    await checkAll(t, guest, [
      ['the host name is that of meta-data', 'hostname', /^by-fw-cfg\n$/],
      ['the source is told', 'sudo kiln-agent datasource', /^new user data: fw-cfg, instance fw-1\n/],
      ...['from-fw-cfg', 'from-cmdline', 'from-one', 'from-one-boot', 'from-two'].map(
        (name) => [`${name} has acted`, `ls /run/${name}`, new RegExp(`/run/${name}`)] as const,
      ),
      ['user data is for root alone', 'sudo stat --format %a /oem/95_userdata/userdata.yaml', /^600\n$/],
      ['what was fetched is kept', 'sudo ls /oem/.kiln/remote-configs | wc -l', /^2\n$/],
      ['every step went well', 'sudo kiln-agent stages | grep -c failed || true', /^0\n$/],
    ])
  })

  test('a seed disk with a MIME message, and the command line', async (t) => {
    await using machine = await startMachine({
      firmware: 'uefi',
      drives: [artifactDrive(built.iso)],
      disks: [{ file: await seedDisk(folder) }],
      sshPort: 'auto',
    })
    const guest = await waitForLogin(machine, { user, key })
    await awaitStages(guest)
    await checkAll(t, guest, [
      ['the host name is that of meta-data', 'hostname', /^by-seed\n$/],
      ['the source is told', 'sudo kiln-agent datasource', /^new user data: cdrom, instance seed-1\n/],
      ...['from-seed', 'from-script', 'from-cmdline'].map(
        (name) => [`${name} has acted`, `ls /run/${name}`, new RegExp(`/run/${name}`)] as const,
      ),
      ['the key of meta-data is there', 'sudo cat /root/.ssh/authorized_keys', /^ssh-ed25519 AAAA seed\n$/m],
      ['/run/config has the names of the field', 'cat /run/config/hostname', /^by-seed\n$/],
      ['the script runs once', 'sudo ls /oem/95_userdata', /^script_01\.done$/m],
    ])
  })

  test('a CD with a seed, and a config drive that a step asks for', async (t) => {
    await using machine = await startMachine({
      firmware: 'bios',
      drives: [built.iso, ...(await seedDiscs(folder))].map((file) => artifactDrive(file)),
      sshPort: 'auto',
    })
    const guest = await waitForLogin(machine, { user, key })
    await awaitStages(guest)
    await checkAll(t, guest, [
      ['the host name is that of the seed', 'hostname', /^by-cd\n$/],
      ['the source is told', 'sudo kiln-agent datasource', /^new user data: cdrom, instance cd-1\n/],
      ['from-cd has acted', 'ls /run/from-cd', /from-cd/],
      ['the config drive is read', 'sudo cat /run/drive/userdata.yaml', /^hostname: by-drive$/m],
      ['and its metadata', 'sudo cat /run/drive/metadata.yaml', /ssh-ed25519 AAAA drive/],
      ['every step went well', 'sudo kiln-agent stages | grep -c failed || true', /^0\n$/],
    ])
  })
})

async function awaitStages(guest: Guest): Promise<void> {
  await runInGuest(guest, 'systemctl is-system-running --wait', { okCodes: [0, 1] })
}

const endOfOutput = '-- end of output --'

type Check = readonly [title: string, command: string, expected: RegExp]

async function checkAll(t: { test: typeof test }, guest: Guest, checks: readonly Check[]): Promise<void> {
  // All in one go: a busy machine takes its time to let somebody in.
  const commands = checks.map(([, command]) => `${command} 2>&1`)
  const { stdout } = await runInGuest(guest, `{ ${commands.join(`; echo ${endOfOutput}; `)}; } || true`)
  const outputs = stdout.split(`${endOfOutput}\n`)
  for (const [index, [title, , expected]] of checks.entries()) {
    await t.test(title, () => assert.match(outputs[index] ?? '', expected))
  }
}

/** As people make them: a small FAT image with the label of NoCloud. */
async function seedDisk(parent: string): Promise<string> {
  const folder = await freshFolder()
  const image = join(parent, 'seed.img')
  const part = (type: string, text: string) => `--BOUND\nContent-Type: ${type}\n\n${text}\n`
  const message =
    'Content-Type: multipart/mixed; boundary="BOUND"\nMIME-Version: 1.0\n\n' +
    part('text/cloud-config', `#cloud-config\nstages:\n${touch('boot', 'from-seed')}`) +
    part('text/x-shellscript', '#!/bin/sh\ntouch /run/from-script') +
    '--BOUND--\n'
  await writeFile(join(folder, 'user-data'), message)
  const meta = 'instance-id: seed-1\nlocal-hostname: by-seed\npublic-keys:\n  - ssh-ed25519 AAAA seed\n'
  await writeFile(join(folder, 'meta-data'), meta)
  execFileSync('mkfs.vfat', ['-C', '-n', 'CIDATA', image, '2880'], { stdio: 'ignore' })
  for (const name of ['user-data', 'meta-data'])
    execFileSync('mcopy', ['-i', image, join(folder, name), '::'])
  return image
}

/** A seed as a CD, whose user data asks for the other one: a config drive as OpenStack makes it. */
async function seedDiscs(parent: string): Promise<string[]> {
  const step = { name: 'drive', datasource: { providers: ['config-drive'], path: '/run/drive' } }
  const wished = JSON.stringify({ stages: { boot: [{ commands: ['touch /run/from-cd'] }, step] } })
  const keys = { public_keys: { mine: 'ssh-ed25519 AAAA drive' } }
  return Promise.all([
    makeDisc(parent, 'cidata', {
      'user-data': `#cloud-config\n${wished}\n`,
      'meta-data': 'instance-id: cd-1\nlocal-hostname: by-cd\n',
    }),
    makeDisc(parent, 'config-2', {
      'openstack/latest/user_data': '#cloud-config\nhostname: by-drive\n',
      'openstack/latest/meta_data.json': JSON.stringify({ uuid: 'drive-1', ...keys }),
    }),
  ])
}

/** ISO 9660 with the names of Rock Ridge and Joliet. */
async function makeDisc(
  parent: string,
  label: string,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = await freshFolder()
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  const disc = join(parent, `${label}.iso`)
  const options = ['-as', 'mkisofs', '-quiet', '-volid', label, '-joliet', '-rock']
  execFileSync('xorriso', [...options, '-output', disc, folder], { stdio: 'ignore' })
  return disc
}
