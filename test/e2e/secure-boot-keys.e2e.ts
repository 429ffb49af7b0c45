import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { fileDigest } from '@kiln/factory/resolve/digest'
import type { StoredResult } from '@kiln/factory/run/store'
import { certificateDigest, checkPrivateKey, readCertificate } from '@kiln/factory/secure-boot/key-folder'
import {
  checkKeys,
  completeKeys,
  expiryError,
  generateKeys,
  type KeyWork,
  revoke,
  rotateKey,
} from '@kiln/factory/secure-boot/keys'
import { resolveSecureBoot } from '@kiln/factory/secure-boot/resolve'
import { bootLoaderSigner } from '@kiln/factory/secure-boot/sign-boot-loader'
import { runSigningTool, signingToolPackages } from '@kiln/factory/secure-boot/tools'
import { makeSamplePayload } from '@kiln/factory/testkit/sample-payload'
import { authenticodeDigest, readSignatures } from '@kiln/factory/verify/authenticode'
import { checkPolicies } from '@kiln/factory/verify/pcr-policy'
import { readPe } from '@kiln/factory/verify/pe'
import { readUpdate } from '@kiln/factory/verify/signature-list'
import { type DebianRoot, debianRoot } from './debian-root.ts'
import { freshFolder, isKiln } from './harness.ts'

const signal = new AbortController().signal
const password = 'correct horse'
const stubs = 'usr/lib/systemd/boot/efi'

/** Keys and signatures with the tools that make them, judged by others: openssl, sbverify, and Kiln's own reader. */
describe('keys for Secure Boot', () => {
  let root: DebianRoot
  let folder: string
  let work: KeyWork

  before(async () => {
    root = await debianRoot([...signingToolPackages, 'systemd-boot-efi'])
    folder = join(await freshFolder(), 'keys')
    work = {
      folder,
      tools: root.whole,
      scratch: await freshFolder(),
      password,
      now: new Date(),
      signal,
    }
    await generateKeys({ name: 'fleet', days: 365, microsoft: true }, work)
  })

  const certificate = (name: string) => readCertificate(join(folder, name))
  const hexOf = (name: string) => certificateDigest(certificate(name)).slice('sha256:'.length)
  const update = async (name: string) => readUpdate(await readFile(join(folder, name)))

  /** Signs the boot loaders of a folder. */
  async function signLoaders(keys = folder, opened: string | undefined = password): Promise<string> {
    const { signing } = await resolveSecureBoot(keys, definition, new Date())
    const [loaders, out, scratch] = [await freshFolder(), await freshFolder(), await freshFolder()]
    const boot = join(root.whole.folder, 'root', stubs)
    await copyFile(join(boot, 'systemd-bootx64.efi'), join(loaders, 'systemd-boot.efi'))
    await copyFile(join(boot, 'addonx64.efi.stub'), join(loaders, 'live.addon.efi'))
    const sign = bootLoaderSigner({ password: opened })
    const step = {
      id: 'signed',
      kind: 'signed-boot-loader',
      title: 'signed',
      params: { signing, epoch: 1_700_000_000 },
      inputs: { 'boot-loader': 'loaders', toolchain: 'tools' },
    } as const
    const loader = { folder: loaders, facts: { version: '1' } } as StoredResult<{ version: string }>
    const inputs = { 'boot-loader': loader, toolchain: root.whole as StoredResult<Record<string, never>> }
    await sign(step, { inputs, out, scratch, signal, line: () => {}, progress: () => {} })
    return out
  }

  test('are there under the names of the field, private ones encrypted and for their owner alone', async () => {
    const names = await readdir(folder)
    for (const role of ['PK', 'KEK', 'db'])
      for (const ending of ['key', 'pem', 'der', 'esl', 'auth'])
        assert.ok(names.includes(`${role}.${ending}`))
    for (const name of ['PK.key', 'KEK.key', 'db.key', 'tpm2-pcr-private.pem']) {
      assert.match(await readFile(join(folder, name), 'utf8'), /BEGIN ENCRYPTED PRIVATE KEY/, name)
      assert.equal(octalMode(join(folder, name)), '600', name)
    }
    assert.equal(certificate('KEK.pem').subject, 'CN=fleet-KEK')
    const { keys } = await checkKeys(folder, new Date())
    assert.deepEqual(
      keys.map(({ daysLeft }) => daysLeft === undefined || (daysLeft > 360 && daysLeft <= 365)),
      [true, true, true, true],
    )
  })

  test('open with their password, and with no other', () => {
    checkPrivateKey(join(folder, 'db.key'), join(folder, 'db.pem'), password)
    const open = (given?: string) => () =>
      checkPrivateKey(join(folder, 'db.key'), join(folder, 'db.pem'), given)
    assert.throws(open('wrong'), isKiln('E-KEYS-PASSWORD', /not opened/))
    assert.throws(open(), isKiln('E-KEYS-PASSWORD', /there is no password/))
    const other = () => checkPrivateKey(join(folder, 'db.key'), join(folder, 'PK.pem'), password)
    assert.throws(other, isKiln('E-KEYS-UNUSABLE', /does not belong/))
  })

  test('trust Microsoft beside themselves, where that is wished', async () => {
    assert.equal((await update('PK.auth')).certificates.size, 1)
    assert.ok((await update('KEK.auth')).certificates.size === 3)
    const { certificates } = await update('db.auth')
    assert.ok(certificates.has(hexOf('db.pem')) && certificates.size === 5)
  })

  test('are never overwritten', async () => {
    const again = generateKeys({ name: 'fleet', days: 365, microsoft: false }, work)
    await assert.rejects(again, isKiln('E-CONFIG-EXISTS'))
  })

  test('sign the same bytes again, and sbverify and Kiln agree', async () => {
    const [first, second] = [await signLoaders(), await signLoaders()]
    for (const file of ['systemd-boot.efi', 'live.addon.efi']) {
      assert.equal(await fileDigest(join(first, file)), await fileDigest(join(second, file)), file)
      const [signature] = readSignatures(await readFile(join(first, file)))
      assert.equal(signature?.signer.subject, 'CN=fleet-db', file)
    }
  })

  test('sign nothing with the wrong password', async () => {
    await assert.rejects(signLoaders(folder, 'wrong'), isKiln('E-KEYS-PASSWORD'))
  })

  test('a signature does not hold for a program of which one bit is another', async () => {
    const file = await readFile(join(await signLoaders(), 'systemd-boot.efi'))
    file.writeUInt8(file.readUInt8(5000) ^ 1, 5000)
    assert.throws(() => readSignatures(file), /over another program/)
  })

  test('an ended certificate stops a build before anything is made, and sounds the alarm before', async () => {
    const later = new Date(Date.now() + 400 * 86_400_000)
    await assert.rejects(
      resolveSecureBoot(folder, definition, later),
      isKiln('E-KEYS-EXPIRED', /db.pem ended/),
    )
    await resolveSecureBoot(folder, { ...definition, 'allow-expired': true }, later)
    const checked = await checkKeys(folder, new Date())
    assert.equal(expiryError(checked, folder, 30), undefined)
    assert.equal(expiryError(checked, folder, 366)?.code, 'E-KEYS-EXPIRED')
  })

  test('sign states of PCR 11 that Kiln computes once more', async () => {
    const [scratch, sample] = [await freshFolder(), await freshFolder()]
    const { card } = makeSamplePayload(sample)
    const out = join(scratch, 'out')
    await mkdir(out)
    await writeFile(join(sample, 'os-release'), 'ID=sample\n')
    await runSigningTool(['sh', '-euc', measure, 'sh', password, card.cmdline], {
      tools: root.whole,
      scratch,
      signal,
      mounts: [
        { kind: 'bind-ro', source: sample, target: '/run/work/sample' },
        { kind: 'bind-ro', source: folder, target: '/run/work/keys' },
        { kind: 'bind', source: out, target: '/run/work/out' },
      ],
    })
    const uki = readPe(await readFile(join(out, 'uki.efi')))
    assert.deepEqual(checkPolicies(uki).banks, ['sha1', 'sha256', 'sha384', 'sha512'])
    const changed = new Map(uki.sections).set('.cmdline', Buffer.from('another'))
    assert.throws(() => checkPolicies({ ...uki, sections: changed }), /none that it leads to/)
  })

  test('can be signed with where the key never is on the build machine', async () => {
    const offline = join(await freshFolder(), 'keys')
    await cp(folder, offline, { recursive: true })
    await rename(join(offline, 'db.key'), `${offline}.db.key`)
    const unsigned = 'systemd-boot.efi'
    await assert.rejects(signLoaders(offline), isKiln('E-SIGNATURE-WANTED', new RegExp(unsigned)))
    await signElsewhere(offline)
    await assert.rejects(signLoaders(offline), isKiln('E-SIGNATURE-WANTED', /live.addon.efi/))
    await signElsewhere(offline)
    const signed = await readFile(join(await signLoaders(offline), unsigned))
    assert.equal(readSignatures(signed)[0]?.signer.subject, 'CN=fleet-db')
  })

  /** What a person does on the machine that has the key: the command of the hint, for each extract. */
  async function signElsewhere(offline: string): Promise<void> {
    const script = `
printf '%s' "$1" > /tmp/password
for extract in to-sign/*.tosign; do
  name=\${extract#to-sign/}
  [ -e "signatures/\${name%.tosign}.p7" ] || osslsigncode sign -h sha256 -certs db.pem -key /run/work/db.key \\
    -readpass /tmp/password -in "$extract" -out "signatures/\${name%.tosign}.p7"
done`
    await runSigningTool(['sh', '-euc', `cd /run/work/keys\n${script}`, 'sh', password], {
      tools: root.whole,
      scratch: work.scratch,
      signal,
      mounts: [
        { kind: 'bind', source: offline, target: '/run/work/keys' },
        { kind: 'file-ro', source: `${offline}.db.key`, target: '/run/work/db.key' },
      ],
    })
  }

  test('an update waits where the key of its signer is elsewhere, and takes no signature but of that', async () => {
    const offline = join(await freshFolder(), 'keys')
    await cp(folder, offline, { recursive: true })
    await rename(join(offline, 'KEK.key'), `${offline}.KEK.key`)
    const away = { ...work, folder: offline }
    const [handed] = await rotateKey('db', 365, away)
    assert.equal(handed?.variable, 'db')
    assert.match(handed?.command ?? '', /-signer KEK.pem -inkey KEK.key/)
    assert.deepEqual((await checkKeys(offline, new Date())).waiting, ['db'])
    await assert.rejects(completeKeys(away), isKiln('E-SIGNATURE-WANTED'))
    await assert.rejects(
      resolveSecureBoot(offline, definition, new Date()),
      isKiln('E-KEYS-MISSING', /db.auth/),
    )
    const sign = (signer: string) =>
      spawnSync('openssl', smimeArguments(offline, signer, `${offline}.KEK.key`), { encoding: 'utf8' })
    await writeFile(join(offline, 'signatures/db.p7'), 'nonsense')
    await assert.rejects(completeKeys(away), isKiln('E-KEYS-UNUSABLE', /no signature of KEK/))
    await rm(join(offline, 'signatures/db.p7'))
    assert.equal(sign('KEK').status, 0)
    assert.deepEqual(await completeKeys(away), ['db'])
    assert.equal(readUpdate(await readFile(join(offline, 'db.auth'))).certificates.size, 6)
  })

  test('a renewed key leaves the one before trusted until it is revoked', async () => {
    const before = hexOf('db.pem')
    const program = join(await signLoaders(), 'systemd-boot.efi')
    assert.deepEqual(await rotateKey('db', 365, work), [])
    const both = await update('db.auth')
    assert.ok(both.certificates.has(before) && both.certificates.has(hexOf('db.pem')))
    await assert.rejects(revoke(join(folder, 'db.pem'), work), isKiln('E-KEYS-UNUSABLE', /signs now/))
    await revoke(join(folder, 'further/db', `before-${before.slice(0, 12)}.pem`), work)
    assert.ok(!(await update('db.auth')).certificates.has(before))
    assert.ok((await update('dbx.auth')).certificates.has(before))
    await revoke(program, work)
    assert.ok((await update('dbx.auth')).programs.has(authenticodeDigest(await readFile(program))))
    assert.ok(!existsSync(join(folder, 'to-sign/dbx.tosign')))
  })
})

const definition = { keys: 'keys', enrol: 'if-safe', 'measured-boot': true, 'allow-expired': false } as const

const measure = `
openssl pkey -in /run/work/keys/tpm2-pcr-private.pem -passin "pass:$1" -out /tmp/pcr.pem
cd /run/work/sample
exec ukify build --efi-arch=x64 --stub=/${stubs}/linuxx64.efi.stub --linux=kernel --uname=6.12 --initrd=initramfs \\
  --cmdline="$2" --os-release=@os-release --output=/run/work/out/uki.efi --pcr-private-key=/tmp/pcr.pem \\
  --pcr-public-key=/run/work/keys/tpm2-pcr-public.pem --pcr-banks=sha1,sha256,sha384,sha512
`

function smimeArguments(folder: string, signer: string, key: string): string[] {
  return [
    ...[
      'smime',
      '-sign',
      '-binary',
      '-md',
      'sha256',
      '-signer',
      join(folder, `${signer}.pem`),
      '-inkey',
      key,
    ],
    ...[
      '-passin',
      `pass:${password}`,
      '-outform',
      'DER',
      '-noattr',
      '-in',
      join(folder, 'to-sign/db.tosign'),
    ],
    ...['-out', join(folder, 'signatures/db.p7')],
  ]
}

function octalMode(file: string): string {
  return spawnSync('stat', ['-c', '%a', file], { encoding: 'utf8' }).stdout.trim()
}
