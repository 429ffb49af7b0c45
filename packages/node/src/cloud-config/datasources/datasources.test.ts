import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Dmi, dmiNames } from '../facts/dmi.ts'
import { providerNames, providers } from './catalog.ts'
import { candidates, type Medium, type Signs } from './detect.ts'
import { plannedFiles, runFiles } from './files.ts'
import { metadata } from './metadata.ts'
import { isMime, mimeParts } from './mime.ts'
import { readUserdata } from './userdata.ts'
import { parseWish, readWish } from './wish.ts'

const noDmi = Object.fromEntries(dmiNames.map((name) => [name, ''])) as Dmi
const bare: Signs = { dmi: noDmi, words: [], media: [], has: () => false, wish: undefined }
const names = (signs: Partial<Signs>, wanted?: readonly string[]) =>
  candidates({ ...bare, ...signs }, wanted).map(({ name }) => name)
const dmi = (known: Partial<Dmi>) => ({ dmi: { ...noDmi, ...known } })
const disc: Medium = { device: '/dev/sr0', type: 'iso9660', label: 'COS_LIVE', optical: true }
const stick: Medium = { device: '/dev/sdb1', type: 'vfat', label: 'CIDATA', optical: false }

describe('who is asked', () => {
  for (const [title, signs, expected] of [
    ['nobody, on bare metal', {}, []],
    ['nobody, on a plain virtual machine', dmi({ sys_vendor: 'QEMU', product_name: 'Standard PC' }), []],
    ['EC2 on KVM', dmi({ sys_vendor: 'Amazon EC2', bios_vendor: 'Amazon EC2' }), ['aws']],
    ['EC2 on Xen', dmi({ product_uuid: 'EC2B3F80-…', bios_version: '4.11.amazon' }), ['aws']],
    ['a uuid that begins so by chance', dmi({ product_uuid: 'ec2b3f80-…', bios_version: '1.0' }), []],
    ['Azure', dmi({ chassis_asset_tag: '7783-7084-3265-9085-8269-3286-77' }), ['azure']],
    ['Hyper-V elsewhere', dmi({ sys_vendor: 'Microsoft Corporation', product_name: 'Virtual Machine' }), []],
    ['GCE', dmi({ product_name: 'Google Compute Engine' }), ['gcp']],
    ['OpenStack', dmi({ product_name: 'OpenStack Nova', sys_vendor: 'OpenStack Foundation' }), ['openstack']],
    ['OpenStack by its chassis', dmi({ chassis_asset_tag: 'OpenTelekomCloud' }), ['openstack']],
    ['Oracle', dmi({ chassis_asset_tag: 'OracleCloud.com' }), ['oracle']],
    ['DigitalOcean', dmi({ sys_vendor: 'DigitalOcean' }), ['digitalocean']],
    ['Hetzner', dmi({ sys_vendor: 'Hetzner' }), ['hetzner']],
    ['Vultr', dmi({ sys_vendor: 'Vultr' }), ['vultr']],
    ['Vultr by a word', { words: ['vultr'] }, ['vultr']],
    ['Scaleway', { words: ['scaleway'] }, ['scaleway']],
    ['MAAS', { words: ['cloud-config-url=http://m/'] }, ['maas']],
    ['VMware', dmi({ sys_vendor: 'VMware, Inc.' }), ['vmware']],
    ['a seed disk, whatever the case of its label', { media: [stick] }, ['cdrom']],
    ['a disc', { media: [disc] }, ['cdrom']],
    ['a config drive', { media: [{ ...stick, label: 'config-2' }] }, ['config-drive']],
    ['a disk with another label', { media: [{ ...stick, label: 'DATA' }] }, []],
    ['fw_cfg', { has: (path: string) => path.endsWith('/opt/kiln') }, ['fw-cfg']],
    [
      'media before the platform',
      { ...dmi({ sys_vendor: 'Hetzner' }), media: [stick] },
      ['cdrom', 'hetzner'],
    ],
  ] as const) {
    test(title, () => assert.deepEqual(names(signs), expected))
  }

  test('a step may name some', () => {
    const hetzner = dmi({ sys_vendor: 'Hetzner' })
    assert.deepEqual(names(hetzner, ['aws', 'gcp', 'hetzner']), ['hetzner'])
    assert.deepEqual(names(hetzner, ['aws', 'gcp']), [])
    assert.deepEqual(names(hetzner, ['packet']), ['packet'])
    assert.deepEqual(names(hetzner, ['no-such']), [])
  })

  test('who is named 150 times is asked once', () => {
    const aws = dmi({ sys_vendor: 'Amazon EC2' })
    assert.deepEqual(names(aws, Array(150).fill('aws')), ['aws'])
  })

  test('a wish shuts the other platforms out, but no medium', () => {
    const wish = parseWish('openstack')
    assert.ok(typeof wish !== 'string')
    assert.deepEqual(names({ ...dmi({ sys_vendor: 'Hetzner' }), media: [stick], wish }), [
      'cdrom',
      'openstack',
    ])
    const off = parseWish('none')
    assert.ok(typeof off !== 'string')
    assert.deepEqual(names({ ...dmi({ sys_vendor: 'Hetzner' }), media: [stick], wish: off }), [])
  })

  test('each reason is told', () => {
    const [first] = candidates({ ...bare, media: [stick] }, undefined)
    assert.equal(first?.why, '/dev/sdb1 has the label CIDATA')
    const [second] = candidates({ ...bare, ...dmi({ sys_vendor: 'Vultr' }) }, undefined)
    assert.equal(second?.why, 'sys_vendor is Vultr')
  })

  test('all of the field are known', () => {
    const field =
      'aws azure gcp hetzner openstack packet scaleway vultr digitalocean metaldata vmware cdrom config-drive file maas'
    for (const name of field.split(' '))
      assert.ok(
        providerNames.some((known) => known === name),
        name,
      )
    assert.equal(new Set(providerNames).size, providers.length)
  })
})

describe('wishes', () => {
  const serial = (product_serial: string) => ({ product_serial })
  for (const [title, words, smbios, expected] of [
    ['none', [], '', undefined],
    ['a serial number that is one', [], '1234', undefined],
    [
      'by the firmware',
      [],
      'ds=nocloud;s=http://10.0.0.1/',
      { provider: 'nocloud', seed: 'http://10.0.0.1/' },
    ],
    [
      'the command line counts for more',
      ['ds=aws'],
      'ds=nocloud;s=http://10.0.0.1/',
      { provider: 'aws', seed: undefined },
    ],
    [
      'all keys',
      ['ds=nocloud-net;seedfrom=http://x/?a=b;h=node;i=id-1'],
      '',
      { provider: 'nocloud', seed: 'http://x/?a=b', hostname: 'node', instanceId: 'id-1' },
    ],
    ['another name', ['ds=Ec2;imdsv1=true'], '', { provider: 'aws', allowV1: true }],
    ['off', ['kiln.datasource=off', 'ds=aws'], '', { provider: 'off' }],
  ] as const) {
    test(title, () => {
      const wish = readWish(words, serial(smbios))
      if (expected === undefined) assert.equal(wish, undefined)
      else assert.partialDeepStrictEqual(wish, expected)
    })
  }

  test('a name that is none is told, with those that are', () => {
    assert.match(String(parseWish('asw')), /^ds=asw: no such data source; there are cdrom, /)
  })
})

const decode = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const cloudConfig = '#cloud-config\nhostname: test\n'
const message = (parts: string, boundary = 'MIMEBOUNDARY') =>
  `Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\n\n${parts}`

describe('user data', () => {
  for (const [title, text, configs, scripts, note] of [
    ['a cloud-config', cloudConfig, [cloudConfig], [], undefined],
    [
      'a header after a template line',
      `## template: jinja\n${cloudConfig}`,
      [`## template: jinja\n${cloudConfig}`],
      [],
      undefined,
    ],
    ['a script', '#!/bin/sh\necho\n', [], ['#!/bin/sh\necho\n'], undefined],
    ['nothing', ' \n', [], [], undefined],
    ['something else', 'hello: world\n', [], [], /no cloud-config .* and no script/],
    ['a list of addresses', '#include\nhttp://x\n', [], [], /#include.*use config_url/],
    ['a boothook', '#cloud-boothook\n#!/bin/sh\n', [], [], /boothook/],
    ['Ignition', '{ "ignition": {} }', [], [], /Ignition/],
    [
      'a message, of which the field takes the first part',
      message(
        `--MIMEBOUNDARY\nContent-Type: text/cloud-config\n\n${cloudConfig}\n--MIMEBOUNDARY\nContent-Type: text/x-shellscript\n\n#!/bin/sh\n:\n\n--MIMEBOUNDARY--\n`,
      ),
      [cloudConfig],
      ['#!/bin/sh\n:\n'],
      undefined,
    ],
    [
      'a part without header, whose type says what it is',
      message(
        '--MIMEBOUNDARY\nContent-Type: text/cloud-config; charset="utf-8"\n\nhostname: a\n--MIMEBOUNDARY--\n',
      ),
      ['#cloud-config\nhostname: a'],
      [],
      undefined,
    ],
    [
      'base64, with line ends of the mail',
      message(
        `--B\r\nContent-Type: text/cloud-config\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(cloudConfig).toString('base64')}\r\n--B--\r\n`,
        'B',
      ).replaceAll(/\r?\n/g, '\r\n'),
      [cloudConfig],
      [],
      undefined,
    ],
    [
      'quoted-printable',
      message(
        '--B\nContent-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n#cloud-config\nhostname: =C3=B6=\nx\n--B--',
        'B',
      ),
      ['#cloud-config\nhostname: öx'],
      [],
      undefined,
    ],
    [
      'a part of another type',
      message('--B\nContent-Type: text/jinja2\n\nx\n--B--', 'B'),
      [],
      [],
      /part 1 \(text\/jinja2\)/,
    ],
    ['a message without boundary', 'Content-Type: multipart/mixed\n\n--B\n', [], [], /has no boundary/],
    [
      'base64 that is none',
      message('--B\nContent-Type: text/cloud-config\nContent-Transfer-Encoding: base64\n\n!\n--B--', 'B'),
      [],
      [],
      /MIME message is not base64/,
    ],
  ] as const) {
    test(title, () => {
      const found = readUserdata(text, decode)
      assert.deepEqual([found.cloudConfigs, found.scripts], [configs, scripts])
      if (note) assert.match(found.notes.join('\n'), note)
      else assert.deepEqual(found.notes, [])
    })
  }

  test('messages within each other end', () => {
    let text = cloudConfig
    for (let depth = 0; depth < 10; depth++)
      text = message(`--B${depth}\n${text}\n--B${depth}--\n`, `B${depth}`)
    assert.match(readUserdata(text, decode).notes.join(), /within each other/)
  })

  test('no text breaks the reader', () => {
    const line = fc.oneof(
      fc.constantFrom(
        '--B',
        '--B--',
        'Content-Type: multipart/mixed; boundary=B',
        'Content-Type: text/cloud-config',
        '',
      ),
      fc.constantFrom('Content-Transfer-Encoding: base64', '#cloud-config', '#!/bin/sh', '=C3=', 'aGVsbG8='),
      fc.string({ unit: 'binary', maxLength: 20 }),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), fc.constantFrom('\n', '\r\n'), (lines, end) => {
        const text = lines.join(end)
        const found = readUserdata(text, decode)
        assert.ok(found.cloudConfigs.length + found.scripts.length <= 64)
        if (!isMime(text)) return
        try {
          mimeParts(text, decode)
        } catch (error) {
          assert.ok(error instanceof Error)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('files', () => {
  const found = metadata({
    instanceId: 'i',
    hostname: 'm1: #x',
    publicKeys: ['ssh-ed25519 AAAA a\n\n# note\nssh-rsa BBBB b'],
    extras: { region: 'fra1', empty: '', '../evil': 'x' },
    vendordata: Buffer.from('v'),
  })

  test('what the user wrote comes after what the platform says, and all of it is secret', () => {
    const parts = { cloudConfigs: ['a', 'b'], scripts: ['#!/bin/sh'], notes: [] }
    const files = plannedFiles('/oem/95_userdata', 'userdata.yaml', found, { text: 'raw', parts })
    assert.deepEqual(
      files.map(({ path, mode }) => [path.replace('/oem/95_userdata/', ''), mode.toString(8)]).toSorted(),
      [
        ['metadata.yaml', '600'],
        ['script_01', '700'],
        ['userdata', '600'],
        ['userdata.yaml', '600'],
        ['userdata_02.yaml', '600'],
        ['userdata_scripts.yaml', '600'],
        ['vendordata', '600'],
      ],
    )
    const [first] = files
    assert.equal(
      first?.content,
      '#cloud-config\nname: metadata of the platform\nhostname: "m1: #x"\nssh_authorized_keys:\n  - ssh-ed25519 AAAA a\n  - ssh-rsa BBBB b\n',
    )
  })

  test('without anything there is nothing', () => {
    assert.deepEqual(plannedFiles('/x', 'userdata.yaml', metadata({}), undefined), [])
  })

  test('a file of /run/config has its name of the field, and never a path', () => {
    assert.deepEqual(
      runFiles(found).map(({ path, mode }) => [path, mode.toString(8)]),
      [
        ['/run/config/hostname', '644'],
        ['/run/config/ssh/authorized_keys', '600'],
        ['/run/config/vendordata', '600'],
        ['/run/config/region', '644'],
      ],
    )
  })
})
