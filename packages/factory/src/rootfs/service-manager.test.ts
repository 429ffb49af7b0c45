import assert from 'node:assert/strict'
import { existsSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../testkit/testkit.ts'
import { stageServices } from './convert.ts'
import { serviceManagerOf } from './service-manager.ts'
import { makeStaging } from './staging.ts'

const roots: readonly (readonly [what: string, files: readonly string[], expected: string])[] = [
  ['Debian', ['/usr/lib/systemd/systemd'], 'systemd'],
  ['Alpine', ['/sbin/openrc-run'], 'openrc'],
  ['Alpine with a merged /usr', ['/usr/sbin/openrc-run'], 'openrc'],
  ['both', ['/usr/sbin/openrc-run', '/lib/systemd/systemd'], 'systemd'],
]
for (const [what, files, expected] of roots) {
  test(`service manager: ${what} has ${expected}`, () =>
    assert.equal(
      serviceManagerOf((path) => files.includes(path)),
      expected,
    ))
}

test('service manager: with OpenRC, the stages are scripts in their runlevels, and no units', async (t) => {
  const { folder } = await stageServicesOf(t, 'openrc')
  for (const [runlevel, name] of [
    ['boot', 'kiln-stage-fs'],
    ['default', 'kiln-stage-boot'],
    ['default', 'kiln-stage-network'],
    ['default', 'kiln-stage-reconcile'],
  ]) {
    assert.equal(readlinkSync(join(folder, `etc/runlevels/${runlevel}/${name}`)), `/etc/init.d/${name}`)
    assert.equal(statSync(join(folder, `etc/init.d/${name}`)).mode & 0o777, 0o755)
  }
  assert.ok(!existsSync(join(folder, 'usr/lib/systemd')))
})

test('service manager: with systemd, the stages are units, and no scripts', async (t) => {
  const { folder } = await stageServicesOf(t, 'systemd')
  assert.ok(existsSync(join(folder, 'usr/lib/systemd/system/kiln-stage-boot.service')))
  assert.ok(!existsSync(join(folder, 'etc/init.d')))
})

async function stageServicesOf(t: Parameters<typeof temporaryFolder>[0], manager: 'openrc' | 'systemd') {
  const staging = await makeStaging(join(temporaryFolder(t), 'stage'))
  await stageServices(staging, manager)
  return staging
}
