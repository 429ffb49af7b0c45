import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { serve } from './server.ts'
import { plant, temporaryFolder } from './testkit.ts'

type Owner = Pick<TestContext, 'after'>

/** Fields of deb-control(5). What is not given: version 1, architecture `all`. */
export interface TestPackage {
  readonly Package: string
  readonly Version?: string
  readonly [field: string]: string | undefined
}

export interface SigningKey {
  /** Public part, as apt takes it. */
  readonly keyring: string
  /** The text with its signature, as in an InRelease file. */
  sign(text: string): string
}

/** A key for one test. */
export function makeSigningKey(t: Owner): SigningKey {
  // Before its folder goes: the agent that gpg leaves behind.
  t.after(() => spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']))
  const home = temporaryFolder(t)
  const gpg = (args: readonly string[], input = '') => {
    const unattended = ['--homedir', home, '--batch', '--pinentry-mode', 'loopback', '--passphrase', '']
    return program('gpg', [...unattended, ...args], input)
  }
  gpg(['--quick-generate-key', 'Test <test@archive.test>', 'ed25519', 'sign', 'never'])
  const keyring = join(home, 'keyring.gpg')
  writeFileSync(keyring, gpg(['--export']))
  return { keyring, sign: (text) => gpg(['--clearsign'], text).toString() }
}

export const testArchitectures = ['amd64', 'arm64', 'riscv64']

export interface TestArchive {
  readonly url: string
  readonly keyring: string
  /** Paths that were asked for, in order. */
  readonly asked: string[]
  /** Puts packages in the place of all that a suite had; a suite that was never published is not there. */
  publish(suite: string, packages: readonly TestPackage[], options?: PublishOptions): void
  /** The next who asks for a path gets this instead. */
  answerOnce(path: string, content: string): void
}

export interface PublishOptions {
  /** Make the package files, too. Otherwise there is only the index, which is enough to resolve. */
  readonly files?: boolean
  /** Of the suite, as RFC 9110 writes it. */
  readonly date?: string
}

/** A signed Debian archive on this machine, for one test. */
export async function makeArchive(t: Owner, key = makeSigningKey(t)): Promise<TestArchive> {
  const files = new Map<string, string | Uint8Array>()
  const once = new Map<string, string>()
  const { url, asked } = await serve(t, ({ path: target }) => {
    // Whoever takes it for a proxy asks for a whole address; the archive is there for every host.
    const path = target.replace(/^http:\/\/[^/]+/, '')
    const content = once.get(path) ?? files.get(decodeURIComponent(path)) ?? 404
    once.delete(path)
    return content
  })
  const publish: TestArchive['publish'] = (suite, packages, options = {}) => {
    const { files: whole = false, date = 'Sat, 06 Sep 2025 10:00:00 UTC' } = options
    const entries = packages.map((fields) => {
      const control = { Version: '1', Architecture: 'all', Maintainer: 'Test <t@t>', ...fields }
      const bytes = whole ? packageFile(t, control) : Buffer.from(paragraph(control))
      const path = `pool/${fileName(control)}`
      files.set(`/${path}`, bytes)
      return paragraph({ ...control, Filename: path, Size: String(bytes.length), SHA256: sha256(bytes) })
    })
    const index = entries.join('\n')
    const lines = testArchitectures.map((arch) => {
      const path = `main/binary-${arch}/Packages`
      files.set(`/dists/${suite}/${path}`, index)
      return ` ${sha256(index)} ${Buffer.byteLength(index)} ${path}`
    })
    const release = paragraph({
      Origin: 'Test',
      Suite: suite,
      Codename: suite,
      Date: date,
      Architectures: testArchitectures.join(' '),
      Components: 'main',
      SHA256: `\n${lines.join('\n')}`,
    })
    files.set(`/dists/${suite}/InRelease`, key.sign(release))
  }
  const answerOnce: TestArchive['answerOnce'] = (path, content) => once.set(path, content)
  return { url, keyring: key.keyring, asked, publish, answerOnce }
}

/** As the archive of Debian names it: without the epoch of the version. */
function fileName({ Package, Version, Architecture }: Record<string, string | undefined>): string {
  return `${Package}_${Version?.replace(/^\d+:/, '')}_${Architecture}.deb`
}

/** A real package file that holds nothing but its control fields. */
export function packageFile(t: Owner, control: Readonly<Record<string, string | undefined>>): Buffer {
  const folder = mkdtempSync(join(temporaryFolder(t), 'package-'))
  plant(folder, { 'DEBIAN/control': paragraph({ Description: 'for a test', ...control }) })
  program('dpkg-deb', ['--root-owner-group', '-Znone', '--build', folder, `${folder}.deb`])
  return readFileSync(`${folder}.deb`)
}

function paragraph(fields: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return given.map(([name, value]) => `${name}: ${value}\n`).join('')
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

function program(name: string, args: readonly string[], input = ''): Buffer {
  const { status, stdout, stderr, error } = spawnSync(name, args, { input })
  if (status !== 0) throw new Error(`${name} failed: ${error?.message ?? stderr}`)
  return stdout
}
