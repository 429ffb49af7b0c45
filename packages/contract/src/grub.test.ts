import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { grubEnvBlock, grubEnvBytes, grubState, grubVariables, parseGrubEnv } from './grub-env.ts'
import { grubConfig, grubEntryText, grubMenuPath, installedGrubMenu } from './grub-menu.ts'

const slot = '0123456789abcdef'.repeat(4)

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'kiln-grub-'))
  context.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('grub: variables are written and read again', () => {
  for (const variables of [
    {},
    { good: '3', trial: '4', tries: '2', once: '', recovery: 'abc', list: '4 3' },
    { extra_cmdline: 'fips=1 selinux=0' },
    { odd: 'a\\b\nc=d' },
  ]) {
    const block = grubEnvBlock(variables)
    assert.equal(block.length, grubEnvBytes)
    assert.deepEqual(parseGrubEnv(block), variables)
  }
})

test("grub: GRUB's own tool reads and writes the same block", (context) => {
  const path = join(folder(context), 'grubenv')
  writeFileSync(path, grubEnvBlock({ good: '3', trial: '', extra_cmdline: 'a=1 b=2' }))
  const list = () => execFileSync('grub-editenv', [path, 'list'], { encoding: 'utf8' })
  assert.equal(list(), 'good=3\ntrial=\nextra_cmdline=a=1 b=2\n')
  execFileSync('grub-editenv', [path, 'set', 'trial=12', 'tries=3', String.raw`odd=a\b`])
  assert.deepEqual(parseGrubEnv(readFileSync(path, 'utf8')), {
    good: '3',
    trial: '12',
    extra_cmdline: 'a=1 b=2',
    tries: '3',
    odd: String.raw`a\b`,
  })
})

test('grub: what is no block is none, and what does not fit the first sector is refused', () => {
  assert.equal(parseGrubEnv(''), undefined)
  assert.equal(parseGrubEnv('#'.repeat(1024)), undefined)
  assert.throws(() => grubEnvBlock({ long: 'x'.repeat(500) }), RangeError)
})

test('grub: the state of many generations fits, and unknown variables stay', () => {
  const list = Array.from({ length: 40 }, (_, index) => 10_040 - index)
  const state = {
    good: 10_039,
    trial: 10_040,
    tries: 3,
    once: 'kiln-recovery',
    recovery: 'deadbeef',
    list,
    others: { mine: '1' },
  }
  const read = parseGrubEnv(grubEnvBlock(grubVariables(state)))
  assert.deepEqual(read && grubState(read), state)
  const none = { good: undefined, trial: undefined, tries: undefined, once: undefined, recovery: undefined }
  assert.deepEqual(grubState({ good: 'x', list: '' }), { ...none, list: [], others: {} })
})

test("grub: menu and entries pass GRUB's own check", (context) => {
  const path = join(folder(context), 'grub.cfg')
  const entry = grubEntryText({ generation: 5, slot, title: "it's $HOME", cmdline: 'a=1 b="c d" e=$x;f' })
  const recovery = grubEntryText({ slot, title: 'recovery', cmdline: 'a=1' })
  for (const text of [installedGrubMenu, entry, recovery, grubConfig(installedGrubMenu)]) {
    writeFileSync(path, text)
    const { status, stderr } = spawnSync('grub-script-check', [path], { encoding: 'utf8' })
    assert.equal(status, 0, `${stderr}\n${text}`)
  }
})

test('grub: an entry counts first and names itself to the kernel', () => {
  const text = grubEntryText({ generation: 5, slot, title: 'box v1', cmdline: 'quiet a="b c"' })
  assert.match(text, /^menuentry 'box v1' --id kiln-5 \{\n {2}if kiln_count 5; then\n/)
  assert.match(text, new RegExp(`linux /kiln/${slot}/kernel quiet 'a=b c' kiln\\.entry=kiln-5\n`))
  assert.match(text, new RegExp(`initrd /kiln/${slot}/initramfs\n`))
})

test('grub: the configuration is one sector that leads to the menu', () => {
  const config = grubConfig(installedGrubMenu)
  assert.equal(config.length, 512)
  assert.equal(config.trimEnd(), `configfile /${grubMenuPath(installedGrubMenu)}`)
})
