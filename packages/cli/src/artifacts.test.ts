import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { makeSampleDisk, runTool, type SampleDisk } from '@kiln/factory/testkit/sample-disk'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

let folder: string
let disk: SampleDisk
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-cli-'))
  disk = await makeSampleDisk(folder, 'uefi')
  writeFileSync(join(folder, 'junk.iso'), Buffer.alloc(100_000))
  writeFileSync(join(folder, 'config.yaml'), '#cloud-config\nhostname: a\n')
  writeFileSync(join(folder, 'wrong.yaml'), '#cloud-config\nhostnam: a\n')
})
after(() => rmSync(folder, { recursive: true }))

function kiln(...args: readonly string[]) {
  const env = { PATH: process.env.PATH, HOME: folder, NO_COLOR: '1' }
  const ended = spawnSync(process.execPath, [main, ...args], { cwd: folder, env, encoding: 'utf8' })
  const last = ended.stdout.trimEnd().split('\n').at(-1) ?? ''
  return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr, last }
}

describe('kiln verify', () => {
  it('says in one line what a sound artifact is, and with --checks what was looked at', () => {
    const plain = kiln('verify', 'sample.raw')
    assert.deepEqual([plain.code, plain.stderr], [0, ''])
    assert.match(
      plain.stdout,
      /^sample\.raw is sound: raw, \d+\.\d MiB, sample v1\.0\.0, payload sha256:[0-9a-f]{64}, \d+ checks\n$/,
    )
    const checks = kiln('verify', '--checks', 'sample.raw')
    assert.match(checks.stdout, /^ok {4}backup of the partition table: in the last sector$/m)
  })

  it('gives everything as data', () => {
    const { result } = JSON.parse(kiln('verify', '--json', 'sample.raw').last)
    assert.deepEqual([result.valid, result.format, result.payload.digest], [true, 'raw', disk.payload.digest])
    assert.ok(
      result.checks.every(({ place, what }: { place: string; what: string }) => place !== undefined && what),
    )
  })

  it('ends with 5 where something is wrong, and says what, where, and what to do', () => {
    const damaged = join(folder, 'damaged.raw')
    runTool('cp', ['--sparse=always', disk.file, damaged])
    const handle = openSync(damaged, 'r+')
    writeSync(handle, Buffer.from([1]), 0, 1, 512 + 60)
    closeSync(handle)
    const { code, stderr } = kiln('verify', 'damaged.raw')
    assert.equal(code, 5)
    assert.match(
      stderr,
      /^error E-ARTIFACT-DAMAGED: partition table: header and entries.*checksum of the header is wrong/m,
    )
    assert.match(stderr, /at damaged\.raw/)
    assert.match(stderr, /hint: fetch it again, or build it again/)
    const { result, error } = JSON.parse(kiln('verify', '--json', 'damaged.raw').last)
    assert.deepEqual([result.valid, error.code], [false, 'E-ARTIFACT-DAMAGED'])
  })

  const bad = [
    ['a file that is not there', ['verify', 'none.raw'], 3, 'E-ARTIFACT-MISSING'],
    ['a folder', ['verify', '.'], 3, 'E-ARTIFACT-MISSING'],
    ['a file of another kind', ['verify', 'config.yaml'], 3, 'E-ARTIFACT-UNKNOWN'],
    ['zeros', ['verify', 'junk.iso'], 3, 'E-ARTIFACT-UNKNOWN'],
  ] as const
  for (const [what, args, exit, code] of bad)
    it(`refuses ${what}`, () => {
      const ended = kiln(...args)
      assert.equal(ended.code, exit)
      assert.match(ended.stderr, new RegExp(`^error ${code}: `))
    })
})

describe('kiln iso customize', () => {
  const bad = [
    ['an ISO that is not there', 'none.iso', 'config.yaml', 3, 'E-ARTIFACT-MISSING'],
    ['what is no ISO', 'junk.iso', 'config.yaml', 3, 'E-ARTIFACT-UNKNOWN'],
    ['a cloud-config with a mistake', 'junk.iso', 'wrong.yaml', 3, 'E-CLOUD-CONFIG'],
    ['a cloud-config that is not there', 'junk.iso', 'none.yaml', 3, 'E-CLOUD-CONFIG'],
  ] as const
  for (const [what, iso, config, exit, code] of bad)
    it(`refuses ${what}, and leaves nothing behind`, () => {
      const ended = kiln('iso', 'customize', iso, '--cloud-config', config, '--out', 'out.iso')
      assert.equal(ended.code, exit, ended.stderr)
      assert.match(ended.stderr, new RegExp(`^error ${code}: `))
      assert.deepEqual(
        [existsSync(join(folder, 'out.iso')), existsSync(join(folder, 'out.iso.part'))],
        [false, false],
      )
    })

  it('needs a cloud-config', () => {
    assert.equal(kiln('iso', 'customize', 'junk.iso').code, 2)
  })
})
