import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cloudConfig, type Service, services, wireServer } from '../../../testkit/metadata-services.ts'
import { decodeBase64 } from '../../base64.ts'
import type { Ask, Question } from '../ask.ts'
import type { Metadata } from '../metadata.ts'
import { DataSourceError } from '../source-error.ts'
import { readAws } from './aws.ts'
import { readAzure, reportReady } from './azure.ts'
import { readDigitalOcean } from './digitalocean.ts'
import { readGcp } from './gcp.ts'
import { readHetzner } from './hetzner.ts'
import { readMaas } from './maas.ts'
import { readMetaldata } from './metaldata.ts'
import { noCloudMetadata, readSeed, withNames } from './nocloud.ts'
import { readOpenStack, readOracle } from './openstack.ts'
import { readPacket } from './packet.ts'
import { readScaleway } from './scaleway.ts'
import { readVmware } from './vmware.ts'
import { readVultr } from './vultr.ts'

interface Fake {
  readonly ask: Ask
  readonly asked: Question[]
}

function fake({ origin, answers, needs }: Service, status = 404): Fake {
  const asked: Question[] = []
  const ask: Ask = (question) => {
    asked.push(question)
    const path = question.url.startsWith(origin) ? question.url.slice(origin.length) : question.url
    const method = question.method ?? 'GET'
    const allowed = needs === undefined || method === 'PUT' || question.headers?.includes(needs)
    const body = answers[`${method} ${path}`]
    const code = !allowed ? 401 : body === undefined ? status : 200
    return {
      status: code,
      text: code === 200 ? (body ?? '') : '',
      bytes: Buffer.from(code === 200 ? (body ?? '') : ''),
    }
  }
  return { ask, asked }
}

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKey one@example'

const cases: Readonly<
  Record<keyof typeof services, { read: (ask: Ask) => Metadata; expected: Partial<Metadata> }>
> = {
  aws: {
    read: (ask) => readAws(ask, false),
    expected: {
      instanceId: 'i-0abc',
      hostname: 'ip-10-0-0-5.ec2.internal',
      publicKeys: [key, 'ssh-rsa AAAA two'],
      extras: {
        availability_zone: 'eu-central-1a',
        instance_id: 'i-0abc',
        instance_type: 't3.small',
        local_hostname: 'ip-10-0-0-5.ec2.internal',
        local_ipv4: '10.0.0.5',
        region: 'eu-central-1',
      },
    },
  },
  gcp: {
    read: readGcp,
    expected: {
      // All digits: as a number of JSON it would lose its last ones.
      instanceId: '4203948203948203948',
      hostname: 'm1.c.project.internal',
      publicKeys: [key, 'ssh-rsa BBBB bob'],
      extras: {
        availability_zone: 'europe-west3-a',
        instance_id: '4203948203948203948',
        instance_type: 'e2-small',
        local_ipv4: '10.1.0.2',
        project_id: 'project',
        public_ipv4: '192.0.2.7',
      },
    },
  },
  azure: {
    read: readAzure,
    expected: {
      instanceId: '02aab8a4-74ef-476e-8182-f6d2ba4166a6',
      hostname: 'm1',
      publicKeys: [key],
      extras: {
        availability_zone: '1',
        compute_zone: '1',
        instance_id: '02aab8a4-74ef-476e-8182-f6d2ba4166a6',
        instance_type: 'Standard_B2s',
        local_ipv4: '10.2.0.4',
        region: 'westeurope',
      },
    },
  },
  openstack: {
    read: readOpenStack,
    expected: {
      instanceId: 'd8e02d56-2648-49a3-bf97-6be8f1204f38',
      hostname: 'm1.novalocal',
      publicKeys: [key],
      extras: {
        availability_zone: 'nova',
        instance_id: 'd8e02d56-2648-49a3-bf97-6be8f1204f38',
        instance_type: 'm1.small',
        local_hostname: 'm1',
        project_id: 'f7ac731cc11f40efbc03a9f9e1d1d21f',
      },
    },
  },
  oracle: {
    read: (ask) => readOracle(ask, decodeBase64),
    expected: {
      instanceId: 'ocid1.instance.oc1.x',
      hostname: 'm1',
      publicKeys: [key],
      extras: {
        availability_zone: 'EMIr:EU-FRANKFURT-1-AD-1',
        instance_id: 'ocid1.instance.oc1.x',
        instance_type: 'VM.Standard.E4.Flex',
        region: 'eu-frankfurt-1',
      },
    },
  },
  digitalocean: {
    read: readDigitalOcean,
    expected: {
      instanceId: '2756294',
      hostname: 'm1',
      publicKeys: [key],
      extras: { id: '2756294', public_ipv4: '192.0.2.8', region: 'fra1' },
    },
  },
  hetzner: {
    read: readHetzner,
    expected: {
      instanceId: '42',
      hostname: 'm1',
      publicKeys: [key],
      extras: { instance_id: '42', public_ipv4: '192.0.2.9', region: 'eu-central' },
    },
  },
  vultr: {
    read: readVultr,
    expected: {
      instanceId: 'a747bfz6385e',
      hostname: 'm1',
      publicKeys: [key],
      extras: {
        instance_id: 'a747bfz6385e',
        private_ipv4: '10.99.0.3',
        private_netmask: '255.255.0.0',
        public_ipv4: '192.0.2.10',
        region_code: 'EWR',
      },
    },
  },
  scaleway: {
    read: readScaleway,
    expected: {
      instanceId: 'b0b5bfcf-4d5a-4ec9-8b58-b1b0e4a4c4a3',
      hostname: 'm1',
      publicKeys: [key],
      extras: {
        instance_id: 'b0b5bfcf-4d5a-4ec9-8b58-b1b0e4a4c4a3',
        instance_location: 'par1',
        instance_type: 'DEV1-S',
        public_ip: '192.0.2.11',
      },
    },
  },
  packet: {
    read: readPacket,
    expected: {
      instanceId: '0e1f1c1a-1111-4222-8333-444455556666',
      hostname: 'm1',
      publicKeys: [key],
      extras: {
        facility: 'am6',
        instance_id: '0e1f1c1a-1111-4222-8333-444455556666',
        instance_type: 'c3.small.x86',
        local_ipv4: '10.70.1.1',
        metro: 'am',
        public_ipv4: '192.0.2.12',
      },
    },
  },
  metaldata: {
    read: readMetaldata,
    expected: {
      instanceId: 'id-1',
      hostname: 'm1',
      publicKeys: [key],
      extras: { machine_id: 'id-1' },
    },
  },
}

describe('platforms', () => {
  for (const [name, { read, expected }] of Object.entries(cases)) {
    const service: Service = services[name as keyof typeof services]
    test(`${name}: all that it knows`, () => {
      const { userdata, vendordata, ...rest } = read(fake(service).ask)
      assert.deepEqual(rest, expected)
      assert.equal(Buffer.from(userdata ?? []).toString(), cloudConfig)
    })

    test(`${name}: a service that knows nothing is an error, and ends`, () => {
      assert.throws(() => read(fake({ ...service, answers: {} }, 404).ask), DataSourceError)
      assert.throws(() => read(fake({ ...service, answers: {} }, 500).ask), DataSourceError)
    })

    test(`${name}: what is no JSON, and JSON of another shape, is an error or nothing`, () => {
      for (const nonsense of ['<html>', '[]', '{}', 'null', '7', '""', '{"interfaces": 7}', '']) {
        const answers = Object.fromEntries(Object.keys(service.answers).map((path) => [path, nonsense]))
        try {
          read(fake({ origin: service.origin, answers }).ask)
        } catch (error) {
          assert.ok(error instanceof DataSourceError, `${nonsense}: ${String(error)}`)
        }
      }
    })
  }
})

describe('aws', () => {
  const withoutTokens = {
    ...services.aws,
    needs: undefined,
    answers: { ...services.aws.answers, 'PUT /latest/api/token': undefined },
  } as unknown as Service

  test('every question has the token', () => {
    const { ask, asked } = fake(services.aws)
    readAws(ask, false)
    const [token, ...rest] = asked
    assert.equal(token?.method, 'PUT')
    assert.ok(rest.length > 5 && rest.every(({ headers }) => headers?.[0] === services.aws.needs))
  })

  test('without tokens it is asked only where that is allowed', () => {
    assert.throws(() => readAws(fake(withoutTokens).ask, false), /imdsv1 is not allowed/)
    assert.equal(readAws(fake(withoutTokens).ask, true).instanceId, 'i-0abc')
  })

  test('a token with a line break does not become a header', () => {
    const bad = { ...services.aws, answers: { ...services.aws.answers, 'PUT /latest/api/token': 'a\nX: b' } }
    assert.throws(() => readAws(fake(bad).ask, false), DataSourceError)
  })
})

test('openstack: an old service is asked as EC2', () => {
  const { origin, answers } = services.aws
  assert.equal(readOpenStack(fake({ origin, answers }).ask).instanceId, 'i-0abc')
})

describe('gcp', () => {
  const path = 'GET /computeMetadata/v1/?recursive=true&alt=json'
  const changed = (attributes: object) => {
    const known = JSON.parse(services.gcp.answers[path])
    const text = JSON.stringify({ ...known, instance: { ...known.instance, attributes } })
    return { ...services.gcp, answers: { ...services.gcp.answers, [path]: text } }
  }

  test('keys of the project can be shut out', () => {
    const service = changed({ 'ssh-keys': `a:${key}`, 'block-project-ssh-keys': 'TRUE' })
    assert.deepEqual(readGcp(fake(service).ask).publicKeys, [key])
  })

  test('user data may be base64', () => {
    const service = changed({
      'user-data': Buffer.from(cloudConfig).toString('base64'),
      'user-data-encoding': 'base64',
    })
    assert.equal(Buffer.from(readGcp(fake(service).ask).userdata ?? []).toString(), cloudConfig)
    const broken = changed({ 'user-data': '!', 'user-data-encoding': 'base64' })
    assert.throws(() => readGcp(fake(broken).ask), /user-data is not base64/)
  })
})

test('scaleway: user data is asked for from a privileged port, and nothing else is', () => {
  const { ask, asked } = fake(services.scaleway)
  readScaleway(ask)
  assert.deepEqual(
    asked.map(({ url, privileged }) => [new URL(url).pathname, privileged]),
    [
      ['/conf', undefined],
      ['/user_data/cloud-init', true],
    ],
  )
})

describe('azure: the report that it is ready', () => {
  const goal = wireServer.answers['GET /machine?comp=goalstate']
  const wire = (xml: string): Service => ({
    ...wireServer,
    answers: { ...wireServer.answers, 'GET /machine?comp=goalstate': xml },
  })

  test('has the names of the goal state', () => {
    const { ask, asked } = fake(wire(goal))
    reportReady(ask)
    const report = asked[1]
    assert.equal(report?.method, 'POST')
    for (const part of ['<GoalStateIncarnation>1<', '<ContainerId>c-1<', '<InstanceId>i-1._m1<', '>Ready<']) {
      assert.ok(report?.body?.includes(part), part)
    }
  })

  test('a goal state that names something else is not passed on', () => {
    const evil = goal.replace('c-1', '&lt;/ContainerId&gt;')
    assert.throws(() => reportReady(fake(wire(evil)).ask), /no ContainerId/)
  })
})

describe('nocloud', () => {
  const none = { metadata: undefined, userdata: undefined }
  for (const [title, yaml, expected] of [
    ['names', 'instance-id: i1\nlocal-hostname: m1\n', { instanceId: 'i1', hostname: 'm1' }],
    ['JSON', '{"instance-id": "i1", "hostname": "m1"}', { instanceId: 'i1', hostname: 'm1' }],
    ['a number', 'instance-id: 7\n', { instanceId: '7', hostname: undefined }],
    ['keys as a list', 'public-keys: [a b, c d]\n', { publicKeys: ['a b', 'c d'] }],
    ['keys as a map', 'public-keys: {one: a b, two: {}}\n', { publicKeys: ['a b'] }],
    ['keys as a text', 'public-keys: |\n  a b\n  c d\n', { publicKeys: ['a b', 'c d'] }],
    ['a seed', 'seedfrom: http://x/\n', { seedFrom: 'http://x/' }],
    ['nothing', '', { instanceId: undefined, publicKeys: [] }],
  ] as const) {
    test(title, () => {
      const found = noCloudMetadata({ ...none, metadata: yaml })
      for (const [name, value] of Object.entries(expected)) {
        assert.deepEqual(found[name as keyof Metadata], value)
      }
    })
  }

  for (const bad of ['a: [', '- x', 'instance-id: {}', 'just text']) {
    test(`${JSON.stringify(bad)} is an error`, () =>
      assert.throws(() => noCloudMetadata({ ...none, metadata: bad }), DataSourceError))
  }

  test('a seed on a server', () => {
    const answers = { 'GET meta-data': 'instance-id: i1\n', 'GET user-data': cloudConfig }
    const found = readSeed(fake({ origin: 'http://seed/', answers }).ask, 'http://seed/')
    assert.deepEqual([found.instanceId, found.userdata?.length], ['i1', cloudConfig.length])
    assert.throws(() => readSeed(fake({ origin: 'x', answers: {} }).ask, 'http://seed/'), /neither/)
  })

  test('names beside the address count for more', () => {
    const found = withNames(noCloudMetadata({ ...none, metadata: 'instance-id: a' }), {
      instanceId: 'b',
      hostname: 'h',
    })
    assert.deepEqual([found.instanceId, found.hostname], ['b', 'h'])
  })
})

describe('maas', () => {
  const preseed =
    'datasource:\n  MAAS:\n    metadata_url: http://maas/MAAS/metadata/\n    consumer_key: ck\n    token_key: tk\n    token_secret: "s&t"\n'
  const answers = {
    'GET http://maas/preseed': preseed,
    'GET http://maas/MAAS/metadata/2012-03-01/meta-data/instance-id': 'sys-1',
    'GET http://maas/MAAS/metadata/2012-03-01/meta-data/local-hostname': 'm1\n',
    'GET http://maas/MAAS/metadata/2012-03-01/meta-data/public-keys': `${key}\nssh-rsa B b\n`,
    'GET http://maas/MAAS/metadata/2012-03-01/user-data': cloudConfig,
  }

  test('signs each question with the keys of the document', () => {
    const { ask, asked } = fake({ origin: 'none:', answers })
    const found = readMaas(ask, 'http://maas/preseed', 1_700_000_000_000)
    assert.deepEqual([found.instanceId, found.hostname, found.publicKeys.length], ['sys-1', 'm1', 2])
    const header = asked[1]?.headers?.[0] ?? ''
    assert.match(header, /^Authorization: OAuth oauth_version="1.0", oauth_signature_method="PLAINTEXT"/)
    // Encoded twice, as RFC 5849 has it: the secret, and the signature.
    assert.match(header, /oauth_signature="%26s%2526t", oauth_timestamp="1700000000"/)
  })

  test('a document without the keys is an error', () => {
    const other = { ...answers, 'GET http://maas/preseed': 'datasource: {}' }
    assert.throws(
      () => readMaas(fake({ origin: 'none:', answers: other }).ask, 'http://maas/preseed', 0),
      /cloud-config-url: datasource.MAAS/,
    )
  })
})

describe('vmware', () => {
  const info = (keys: Readonly<Record<string, string>>) => (name: string) => keys[name]
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

  test('plain and encoded', () => {
    const found = readVmware(
      info({
        metadata: Buffer.from('instance-id: v1\nlocal-hostname: m1\n').toString('base64'),
        'metadata.encoding': 'base64',
        userdata: cloudConfig,
      }),
      text,
    )
    assert.deepEqual([found?.instanceId, found?.hostname], ['v1', 'm1'])
    assert.equal(text(found?.userdata ?? new Uint8Array()), cloudConfig)
  })

  test('what tools put there instead of nothing', () => {
    assert.equal(readVmware(info({ metadata: '---', userdata: '' }), text), undefined)
    assert.equal(readVmware(info({}), text), undefined)
  })

  for (const [name, keys] of [
    ['an unknown encoding', { userdata: 'x', 'userdata.encoding': 'rot13' }],
    ['base64 that is none', { userdata: '!', 'userdata.encoding': 'base64' }],
  ] as const) {
    test(name, () => assert.throws(() => readVmware(info(keys), text), DataSourceError))
  }
})
