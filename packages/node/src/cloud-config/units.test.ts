import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { valueOfYaml } from '@kiln/contract/yaml/read'

const folder = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const common = fileURLToPath(new URL('../../../../distros/common.yaml', import.meta.url))

/** The moment of each stage: what it comes after and before, for systemd and for OpenRC. */
const moments = [
  {
    stage: 'fs',
    systemd: ['After=local-fs.target', 'Before=sysinit.target'],
    openrc: ['need localmount', 'before bootmisc'],
  },
  {
    stage: 'boot',
    systemd: ['After=kiln-stage-fs.service', 'Before=getty.target'],
    openrc: ['after kiln-stage-fs', 'before local'],
  },
  {
    stage: 'network',
    systemd: ['Wants=network-online.target', 'After=network-online.target'],
    openrc: ['need net', 'after kiln-stage-boot'],
  },
  {
    stage: 'reconcile',
    systemd: ['After=kiln-stage-network.service', 'Nice=19'],
    openrc: ['after kiln-stage-network', 'nice -n 19'],
  },
] as const

for (const { stage, systemd, openrc } of moments) {
  test(`units: stage ${stage} has its moment under systemd`, () => {
    const text = readFileSync(`${folder('systemd')}/kiln-stage-${stage}.service`, 'utf8')
    for (const part of [...systemd, `ExecStart=/usr/bin/kiln-agent run-stage ${stage}`])
      assert.ok(text.includes(part), part)
  })

  test(`units: stage ${stage} has its moment under OpenRC, in a script that a shell can read`, () => {
    const file = `${folder('openrc')}/init.d/kiln-stage-${stage}`
    const text = readFileSync(file, 'utf8')
    assert.match(text, /^#!\/sbin\/openrc-run\n/)
    assert.equal(statSync(file).mode & 0o777, 0o755)
    for (const part of [...openrc, `/usr/bin/kiln-agent run-stage ${stage}`, `provide cos-setup-${stage}`]) {
      assert.ok(text.includes(part), part)
    }
    assert.deepEqual(spawnSync('sh', ['-n', file], { encoding: 'utf8' }).stderr, '')
  })
}

test('units: the timer runs reconcile each hour', () => {
  const text = readFileSync(`${folder('systemd')}/kiln-stage-reconcile.timer`, 'utf8')
  for (const part of ['OnBootSec=5min', 'OnUnitActiveSec=60min']) assert.ok(text.includes(part), part)
})

test('units: every unit that wants to be enabled is enabled in all images', () => {
  const { services } = valueOfYaml(readFileSync(common, 'utf8')) as { services: { enable: string[] } }
  const wanted = readdirSync(folder('systemd')).filter((unit) =>
    readFileSync(`${folder('systemd')}/${unit}`, 'utf8').includes('\n[Install]\n'),
  )
  const templates = wanted.filter((unit) => unit.includes('@'))
  assert.deepEqual(
    wanted.filter((unit) => !templates.includes(unit)).toSorted(),
    services.enable.filter((unit) => unit.startsWith('kiln-') && wanted.includes(unit)).toSorted(),
  )
})
