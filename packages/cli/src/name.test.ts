import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exitCodes } from '@kiln/contract'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kiln-name-'))
after(() => rmSync(folder, { recursive: true }))

writeFileSync(
  join(folder, 'kairos-release'),
  `KAIROS_ARCH="arm64"
KAIROS_FLAVOR="hadron"
KAIROS_FLAVOR_RELEASE="v0.5.1"
KAIROS_MODEL="rpi4"
KAIROS_SOFTWARE_VERSION="v1.36.2+k0s.0"
KAIROS_SOFTWARE_VERSION_PREFIX="k0s"
KAIROS_VARIANT="standard"
KAIROS_VERSION="v4.2.0"
`,
)
writeFileSync(join(folder, 'os-release'), 'ID=debian\n')

interface Case {
  readonly what: string
  readonly args: readonly string[]
  readonly input?: string
  readonly code?: number
  readonly stdout: string | RegExp
  readonly stderr?: RegExp
}

const debian = ['--flavor', 'debian', '--flavor-release', '13', '--version', 'v1.0.0']
const running = 'quay.io/kairos/debian:13-core-amd64-generic-v0.1.0'
const tags = ['v0.2.0', 'v0.10.0', 'v0.3.0-rc1', 'v0.0.9'].map(
  (version) => `13-core-amd64-generic-${version}`,
)
const [second, tenth, candidate, old] = tags

const cases: readonly Case[] = [
  {
    what: 'parse: the parts of a name',
    args: ['parse', 'kairos-debian-13-standard-amd64-generic-v1.0.0-k3sv1.30.2+k3s1.iso.sha256'],
    stdout: /what +checksum of: iso image\n +flavor +debian\n[\s\S]*Kubernetes +k3s v1\.30\.2\+k3s1\n$/,
  },
  {
    what: 'parse: what is no name, with its place; the others all the same',
    args: ['parse'],
    input: '13-core-x86_64-generic-v1.0.0\n13-core-amd64-generic-v1.0.0\n',
    code: exitCodes.config,
    stdout: /^13-core-amd64-generic-v1\.0\.0\n/,
    stderr:
      /error E-NAME: "x86_64" is no architecture\n {2}at name:1:9\n.*\n.* {8}\^{6}\n {2}hint: did you mean amd64\?/,
  },
  {
    what: 'parse: with a word of help',
    args: ['parse', '--as', 'tag', 'rockylinux-9-core-amd64-generic-v1.0.0'],
    stdout: /release +rockylinux-9\n/,
  },
  {
    what: 'format: a file, of what most are',
    args: ['format', ...debian, '--ending', '.iso'],
    stdout: 'kairos-debian-13-core-amd64-generic-v1.0.0.iso\n',
  },
  {
    what: 'format: a reference, of a release file',
    args: ['format', '--as', 'reference', '--registry', 'a.b/c', '--release-file', 'kairos-release'],
    stdout: 'a.b/c/hadron:v0.5.1-standard-arm64-rpi4-v4.2.0-k0sv1.36.2-k0s.0\n',
  },
  {
    what: 'format: nothing of a file that does not say it',
    args: ['format', '--release-file', 'os-release'],
    code: exitCodes.config,
    stdout: '',
    stderr: /E-CONFIG-MISSING-KEY[\s\S]*KAIROS_FLAVOR/,
  },
  {
    what: 'format: nothing without its parts',
    args: ['format', '--flavor', 'debian'],
    code: exitCodes.usage,
    stdout: '',
    stderr: /--flavor-release is missing/,
  },
  {
    what: 'format: nothing that could not be read back',
    args: ['format', ...debian, '--kubernetes', 'k3s', '--kubernetes-version', '1.30'],
    code: exitCodes.config,
    stdout: '',
    stderr: /E-NAME/,
  },
  {
    what: 'compare: two versions',
    args: ['compare', 'v1.0.0-rc9', 'v1.0.0-rc10'],
    stdout: 'v1.0.0-rc10 is newer than v1.0.0-rc9\n',
  },
  {
    what: 'compare: two images',
    args: ['compare', running, '13-core-amd64-rpi4-v0.0.9'],
    stdout: /is older than .*\nthey are different images, by: device\n$/,
  },
  {
    what: 'upgrades: of standard input, the newest first',
    args: ['upgrades', running],
    input: tags.join('\n'),
    stdout: `${tenth}\n${second}\n`,
  },
  {
    what: 'upgrades: and why not the others',
    args: ['upgrades', '--why', running, ...tags],
    stdout: `${tenth}\n${second}\nnot ${candidate}: it is no release\nnot ${old}: it is older\n`,
  },
]

for (const { what, args, input = '', code = exitCodes.ok, stdout, stderr = /^$/ } of cases) {
  test(what, () => {
    const env = { PATH: process.env.PATH, HOME: folder, NO_COLOR: '1' }
    const ended = spawnSync(process.execPath, [main, 'name', ...args], {
      cwd: folder,
      env,
      input,
      encoding: 'utf8',
    })
    assert.match(ended.stderr, stderr)
    if (typeof stdout === 'string') assert.equal(ended.stdout, stdout)
    else assert.match(ended.stdout, stdout)
    assert.equal(ended.status, code)
  })
}
