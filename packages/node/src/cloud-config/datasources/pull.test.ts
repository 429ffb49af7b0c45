import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Host } from '../../host/host.ts'
import { exists, listIfThere } from '../../host/tree.ts'
import { withFakeCurl } from '../../testkit/fake-curl.ts'
import { isoImage } from '../../testkit/images.ts'
import { cloudConfig, type Service, services, wireServer } from '../../testkit/metadata-services.ts'
import { type Program, rootedHost } from '../../testkit/rooted-host.ts'
import { loadingSentinel, pullAtStage } from './at-stage.ts'
import { pullDataSource, usualFolder } from './pull.ts'
import { readOrigin, readPullRecord } from './record.ts'

const folder = usualFolder
const ec2 = { '/sys/class/dmi/id/sys_vendor': 'Amazon EC2\n' }

/** Programs that only look at files do their work for real. */
const realPrograms: Program = (argv, root) => {
  const [program, ...rest] = argv
  if (program !== 'sha256sum' && program !== 'sh') return undefined
  const args = rest.map((word) => (word.startsWith('/') ? root + word : word))
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  return { code: status ?? 1, stdout, stderr }
}

interface Machine {
  readonly host: Host
  readonly asked: readonly { readonly url: string }[]
  readonly folder: string
  mode(path: string): string
}

function machine(
  context: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
  network: readonly Service[] = [],
  medium: Readonly<Record<string, string | Uint8Array>> = {},
): Machine {
  const rooted = rootedHost(context, files, realPrograms)
  const { host, asked } = withFakeCurl(rooted.host, rooted.folder, network)
  const mount: Host['mount'] = ({ target }) => {
    for (const [name, content] of Object.entries(medium)) {
      const path = `${rooted.folder}${target}/${name}`
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, content)
    }
  }
  const unmount: Host['unmount'] = (path) => {
    host.remove(path, { recursive: true })
    host.mkdir(path)
  }
  return {
    host: { ...host, mount, unmount },
    asked,
    folder: rooted.folder,
    mode: (path) => host.stat(path).mode.toString(8),
  }
}

const changedId = (id: string): Service => ({
  ...services.aws,
  answers: {
    ...services.aws.answers,
    'GET /latest/meta-data/instance-id': id,
    'GET /latest/user-data': '#!/bin/sh\necho second\n',
  },
})

describe('a platform', () => {
  test('gives user data once, and the rest at each start', (context) => {
    const { host, mode } = machine(context, ec2, [services.aws])
    const first = pullDataSource(host, { reach: 'network', folder })
    assert.deepEqual([first.outcome, first.provider, first.instanceId], ['new', 'aws', 'i-0abc'])
    assert.deepEqual(listIfThere(host, folder), ['metadata.yaml', 'source.json', 'userdata', 'userdata.yaml'])
    assert.equal(host.readText(`${folder}/userdata.yaml`), cloudConfig)
    for (const name of listIfThere(host, folder)) assert.equal(mode(`${folder}/${name}`), '600')
    assert.equal(mode(folder), '700')
    assert.equal(host.readText('/run/config/region'), 'eu-central-1\n')
    assert.equal(mode('/run/config/ssh/authorized_keys'), '600')

    host.remove('/run/config', { recursive: true })
    const second = pullDataSource(host, { reach: 'network', folder })
    assert.equal(second.outcome, 'kept')
    assert.equal(host.readText('/run/config/instance_type'), 't3.small\n')
  })

  test('is read anew when the disk has become another machine, without what was before', (context) => {
    const one = machine(context, ec2, [services.aws])
    pullDataSource(one.host, { reach: 'network', folder })
    const { host } = withFakeCurl(one.host, one.folder, [changedId('i-0def')])
    assert.equal(pullDataSource(host, { reach: 'network', folder }).outcome, 'new')
    assert.deepEqual(listIfThere(host, folder), [
      'metadata.yaml',
      'script_01',
      'source.json',
      'userdata',
      'userdata_scripts.yaml',
    ])
    assert.equal(host.stat(`${folder}/script_01`).mode, 0o700)
  })

  test('what broke off is done again', (context) => {
    const { host } = machine(context, ec2, [services.aws])
    pullDataSource(host, { reach: 'network', folder })
    host.remove(`${folder}/source.json`)
    assert.equal(readOrigin(host, folder), undefined)
    assert.equal(pullDataSource(host, { reach: 'network', folder }).outcome, 'new')
  })

  test('that does not answer is a failure, and leaves what is there', (context) => {
    const one = machine(context, ec2, [services.aws])
    const { host: offline } = withFakeCurl(one.host, one.folder, [])
    const failed = pullDataSource(offline, { reach: 'network', folder })
    assert.equal(failed.outcome, 'failed')
    assert.deepEqual([failed.attempts[0]?.outcome, failed.attempts[0]?.reason], ['failed', 'no-answer'])
    pullDataSource(one.host, { reach: 'network', folder })
    const kept = pullDataSource(offline, { reach: 'network', folder })
    assert.deepEqual([kept.outcome, kept.instanceId], ['kept', 'i-0abc'])
    assert.equal(offline.readText(`${folder}/userdata.yaml`), cloudConfig)
  })

  test('that never answers is given up within its time', (context) => {
    const { host } = machine(context, ec2)
    const start = host.uptime()
    pullDataSource(host, { reach: 'network', folder, patienceMs: 2500 })
    assert.ok(host.uptime() - start <= 2500)
  })

  test('a machine that is no platform is asked nothing and waits for nobody', (context) => {
    const { host, asked } = machine(context, {}, [services.aws])
    assert.deepEqual(pullDataSource(host, { reach: 'network', folder }), {
      outcome: 'none',
      attempts: [],
      notes: [],
    })
    assert.equal(asked.length, 0)
    assert.equal(exists(host, folder), false)
  })

  test('of another name is not asked', (context) => {
    const { host, asked } = machine(context, { '/sys/class/dmi/id/sys_vendor': 'Hetzner\n' }, [
      services.hetzner,
      services.aws,
    ])
    assert.equal(pullDataSource(host, { reach: 'network', folder }).provider, 'hetzner')
    assert.ok(asked.every(({ url }) => url.includes('/hetzner/')))
  })

  test('Azure hears that the machine is ready, when it is a new one', (context) => {
    const files = { '/sys/class/dmi/id/chassis_asset_tag': '7783-7084-3265-9085-8269-3286-77\n' }
    const { host, asked } = machine(context, files, [services.azure, wireServer])
    pullDataSource(host, { reach: 'network', folder })
    const reports = () => asked.filter(({ url }) => url.endsWith('comp=health')).length
    assert.equal(reports(), 1)
    pullDataSource(host, { reach: 'network', folder })
    assert.equal(reports(), 1)
  })

  test('whose report fails is told of', (context) => {
    const files = { '/sys/class/dmi/id/chassis_asset_tag': '7783-7084-3265-9085-8269-3286-77\n' }
    const { host } = machine(context, files, [services.azure])
    const { outcome, notes } = pullDataSource(host, { reach: 'network', folder })
    assert.equal(outcome, 'new')
    assert.match(notes.join(), /azure was not told/)
  })
})

const seedDisk = { '/sys/class/block/sr0/size': '100', '/dev/sr0': isoImage('cidata') }

describe('a medium', () => {
  const seed = { 'user-data': cloudConfig, 'meta-data': 'instance-id: seed-1\nlocal-hostname: m1\n' }

  test('a seed disk is read before there is a network', (context) => {
    const { host, asked } = machine(context, { ...seedDisk, ...ec2 }, [services.aws], seed)
    const { outcome, provider, instanceId } = pullDataSource(host, { reach: 'local', folder })
    assert.deepEqual([outcome, provider, instanceId], ['new', 'cdrom', 'seed-1'])
    assert.equal(asked.length, 0)
    assert.equal(host.readText(`${folder}/userdata.yaml`), cloudConfig)
  })

  test('that is taken out again leaves its data', (context) => {
    const { host } = machine(context, seedDisk, [], seed)
    pullDataSource(host, { reach: 'local', folder })
    host.remove('/dev/sr0')
    assert.equal(pullDataSource(host, { reach: 'local', folder }).outcome, 'kept')
  })

  test('without an id, its content is its id', (context) => {
    const { host } = machine(context, seedDisk, [], { config: cloudConfig })
    const first = pullDataSource(host, { reach: 'local', folder })
    assert.match(first.instanceId ?? '', /^sha256:[0-9a-f]{64}$/)
    assert.equal(pullDataSource(host, { reach: 'local', folder }).outcome, 'kept')
    const changed = machine(context, seedDisk, [], { config: `${cloudConfig}#\n` })
    assert.notEqual(pullDataSource(changed.host, { reach: 'local', folder }).instanceId, first.instanceId)
  })

  test('a disc with something else on it is nothing', (context) => {
    const { host } = machine(context, seedDisk, [], { 'README.txt': 'x' })
    const { outcome, attempts } = pullDataSource(host, { reach: 'local', folder })
    assert.deepEqual([outcome, attempts[0]?.outcome], ['none', 'nothing'])
  })

  test('a config drive', (context) => {
    const disk = { '/sys/class/block/sr0/size': '100', '/dev/sr0': isoImage('config-2') }
    const { host } = machine(context, disk, [], {
      'openstack/latest/meta_data.json': '{"uuid": "u-1", "hostname": "m1"}',
      'openstack/latest/user_data': gzipSync(cloudConfig),
    })
    const { provider, instanceId } = pullDataSource(host, { reach: 'local', folder })
    assert.deepEqual([provider, instanceId], ['config-drive', 'u-1'])
    assert.equal(host.readText(`${folder}/userdata.yaml`), cloudConfig)
  })

  test('user data that unpacks without end is not used', (context) => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    const { host } = machine(context, seedDisk, [], { 'user-data': bomb })
    const { outcome, notes } = pullDataSource(host, { reach: 'local', folder })
    assert.equal(outcome, 'new')
    assert.match(notes.join(), /user data is not used: gzip: more than 4194304 bytes/)
    assert.equal(exists(host, `${folder}/userdata`), false)
  })

  test('meta-data that is no YAML is a failure with its reason', (context) => {
    const { host } = machine(context, seedDisk, [], { 'meta-data': 'a: [', 'user-data': cloudConfig })
    const { outcome, attempts } = pullDataSource(host, { reach: 'local', folder })
    assert.deepEqual([outcome, attempts[0]?.reason], ['failed', 'unreadable'])
  })

  test('the rest of a seed may be on a server', (context) => {
    const rest: Service = {
      origin: 'http://seed.example',
      answers: { 'GET /x/meta-data': 'instance-id: net-1\n', 'GET /x/user-data': cloudConfig },
    }
    const disk = { 'meta-data': 'instance-id: disk-1\nseedfrom: http://seed.example/x/\n' }
    const { host } = machine(context, seedDisk, [rest], disk)
    assert.equal(pullDataSource(host, { reach: 'local', folder }).outcome, 'waiting')
    const { outcome, instanceId } = pullDataSource(host, { reach: 'network', folder })
    assert.deepEqual([outcome, instanceId], ['new', 'net-1'])
    assert.equal(host.readText(`${folder}/userdata.yaml`), cloudConfig)
  })

  test('a seed may not lead to a file', (context) => {
    const disk = { 'meta-data': 'seedfrom: file:///etc/shadow\n' }
    const { host, asked } = machine(context, seedDisk, [], disk)
    assert.match(pullDataSource(host, { reach: 'network', folder }).notes.join(), /no http:/)
    assert.equal(asked.length, 0)
  })

  test("QEMU's fw_cfg", (context) => {
    const path = '/sys/firmware/qemu_fw_cfg/by_name/opt/kiln'
    const files = { [`${path}/user-data/raw`]: cloudConfig, [`${path}/meta-data/raw`]: 'instance-id: f1\n' }
    const { host } = machine(context, files)
    const { provider, instanceId } = pullDataSource(host, { reach: 'local', folder })
    assert.deepEqual([provider, instanceId], ['fw-cfg', 'f1'])
  })
})

test('a file of /sys is read whose size is said to be 0', (context) => {
  const path = '/sys/firmware/qemu_fw_cfg/by_name/opt/kiln/user-data/raw'
  const { host } = machine(context, { [path]: '-> /proc/version' })
  assert.equal(host.stat(path).size, 0)
  pullDataSource(host, { reach: 'local', folder })
  assert.match(host.readText(`${folder}/userdata`), /^Linux version/)
})

describe('at a stage', () => {
  test('what comes with the network is waited for, and then it is there', (context) => {
    const { host } = machine(context, ec2, [services.aws])
    pullAtStage(host, 'initramfs')
    assert.ok(exists(host, loadingSentinel))
    assert.equal(readPullRecord(host)?.outcome, 'waiting')
    pullAtStage(host, 'network')
    assert.equal(readPullRecord(host)?.outcome, 'new')
    assert.ok(!exists(host, loadingSentinel))
    // The next start: all of it is there from the beginning.
    host.remove('/run/kiln', { recursive: true })
    pullAtStage(host, 'initramfs')
    pullAtStage(host, 'network')
    assert.equal(readPullRecord(host)?.outcome, 'kept')
  })

  test('who has a seed asks nobody on the network', (context) => {
    const { host, asked } = machine(context, { ...seedDisk, ...ec2 }, [services.aws], { config: cloudConfig })
    pullAtStage(host, 'initramfs')
    assert.ok(!exists(host, loadingSentinel))
    pullAtStage(host, 'network')
    assert.equal(asked.length, 0)
  })

  test('an installer does not wait for who does not answer', (context) => {
    const { host } = machine(context, ec2)
    pullAtStage(host, 'initramfs')
    pullAtStage(host, 'network')
    assert.ok(!exists(host, loadingSentinel))
    assert.equal(readPullRecord(host)?.outcome, 'failed')
  })

  test('nothing is asked where that is switched off', (context) => {
    const { host, asked } = machine(context, { ...ec2, '/proc/cmdline': 'kiln.datasource=off\n' }, [
      services.aws,
    ])
    pullAtStage(host, 'initramfs')
    pullAtStage(host, 'network')
    assert.equal(asked.length, 0)
    assert.equal(readPullRecord(host)?.outcome, 'none')
  })
})

describe('a step', () => {
  test('the source file, with a name for what it gives', (context) => {
    const { host } = machine(context, { '/tmp/given': '#cloud-config\nhostname: test' })
    const { outcome } = pullDataSource(host, {
      ...{ reach: 'network', folder: '/run/config', wanted: ['file'], path: '/tmp/given' },
      userdataName: 'mine.yaml',
    })
    assert.equal(outcome, 'new')
    assert.equal(host.readText('/run/config/mine.yaml'), '#cloud-config\nhostname: test')
  })

  test('names sources of which none is there', (context) => {
    const { host } = machine(context, {})
    const wanted = Array.from({ length: 150 }, () => 'cdrom')
    assert.equal(pullDataSource(host, { reach: 'network', folder, wanted }).outcome, 'none')
  })
})
