import assert from 'node:assert/strict'
import { lstatSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { listTree } from '../resolve/digest.ts'
import { expectCode, plant, temporaryFolder, underUmask } from '../testkit/testkit.ts'
import { makeStaging, stageFile, stageFolder, stageText, stageTree } from './staging.ts'

async function stageSample(t: TestContext) {
  const [source, target] = [temporaryFolder(t), join(temporaryFolder(t), 'stage')]
  plant(source, {
    'etc/motd': 'hello',
    'usr/bin/tool': { program: '#!/bin/sh' },
    'usr/bin/alias': { link: 'tool' },
    'usr/bin/broken': { link: '/nowhere' },
    'var/empty': 'folder/',
  })
  const staging = await makeStaging(target)
  await stageFolder(staging, '/oem')
  await stageTree(staging, source)
  await stageTree(staging, source, '/opt/copy')
  await stageFile(staging, join(source, 'etc/motd'), '/usr/local/bin/program', 0o755)
  await stageText(staging, '/etc/secret', 'x', 0o600)
  await stageText(staging, '/etc/plain', 'x')
  const modes: Record<string, string> = {}
  for (const { path, kind } of await listTree(target)) {
    modes[path] = kind === 'link' ? 'link' : (lstatSync(join(target, path)).mode & 0o7777).toString(8)
  }
  return { target, modes }
}

describe('staging', () => {
  it('gives the same modes under any umask', async (t) => {
    const [open, closed] = [
      await underUmask(0o000, () => stageSample(t)),
      await underUmask(0o077, () => stageSample(t)),
    ]
    assert.deepEqual(closed.modes, open.modes)
  })

  const modes: readonly (readonly [path: string, mode: string])[] = [
    ['oem', '755'],
    ['etc/motd', '644'],
    ['etc/plain', '644'],
    ['etc/secret', '600'],
    ['usr/bin/tool', '755'],
    ['usr/bin/alias', 'link'],
    ['usr/bin/broken', 'link'],
    ['usr/local', '755'],
    ['usr/local/bin/program', '755'],
    ['var/empty', '755'],
    ['opt/copy/usr/bin/tool', '755'],
  ]
  for (const [path, mode] of modes) {
    it(`makes ${path} ${mode}`, async (t) => assert.equal((await stageSample(t)).modes[path], mode))
  }

  it('copies contents, and links as they are', async (t) => {
    const { target } = await stageSample(t)
    assert.equal(readFileSync(join(target, 'opt/copy/etc/motd'), 'utf8'), 'hello')
    assert.equal(readlinkSync(join(target, 'usr/bin/broken')), '/nowhere')
  })

  it('lets the later of two files win', async (t) => {
    const staging = await makeStaging(join(temporaryFolder(t), 'stage'))
    await stageText(staging, '/etc/hostname', 'first', 0o600)
    await stageText(staging, '/etc/hostname', 'second')
    const target = join(staging.folder, 'etc/hostname')
    assert.equal(readFileSync(target, 'utf8'), 'second')
    assert.equal(lstatSync(target).mode & 0o777, 0o644)
  })
})

describe('a link in what is staged', () => {
  const setUp = async (t: TestContext, links: Record<string, string>) => {
    const [outside, source, target] = [temporaryFolder(t), temporaryFolder(t), temporaryFolder(t)]
    writeFileSync(join(outside, 'file'), 'untouched')
    for (const [path, to] of Object.entries(links))
      symlinkSync(to.replace('OUTSIDE', outside), join(source, path))
    const staging = await makeStaging(target)
    await stageTree(staging, source)
    return { staging, outside, target }
  }

  it('is replaced by a file of the same path, and what it led to stays as it was', async (t) => {
    const { staging, outside, target } = await setUp(t, { config: 'OUTSIDE/file' })
    await stageText(staging, '/config', 'new')
    assert.equal(readFileSync(join(outside, 'file'), 'utf8'), 'untouched')
    assert.equal(readFileSync(join(target, 'config'), 'utf8'), 'new')
  })

  it('is refused where a folder has to be, and nothing is written through it', async (t) => {
    const { staging, outside } = await setUp(t, { boot: 'OUTSIDE' })
    await expectCode('E-OVERLAY-UNREADABLE', () => stageText(staging, '/boot/file', 'new'))
    assert.equal(readFileSync(join(outside, 'file'), 'utf8'), 'untouched')
  })

  it('takes the place of a file that was staged before', async (t) => {
    const { staging, target } = await setUp(t, {})
    await stageText(staging, '/motd', 'text')
    const source = temporaryFolder(t)
    symlinkSync('other', join(source, 'motd'))
    await stageTree(staging, source)
    assert.equal(readlinkSync(join(target, 'motd')), 'other')
  })
})
