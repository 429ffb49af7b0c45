import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { cloudConfig, type ServiceName, services } from '@kiln/node/testkit/metadata-services'
import { agentCompiler } from './agent-program.ts'
import { freshFolder } from './harness.ts'
import { runInOwnNetwork } from './own-network.ts'

/**
 * The program of a node against metadata services in the shape of each platform, at the platforms' own addresses, in a network
 * namespace that ends with the test. Needs no privileges and reaches nobody outside.
 */
const limitMs = 60_000

/** What the machine says of itself: a file of its DMI, or a word of its command line where it says nothing. */
const signs: Readonly<Record<ServiceName, { readonly dmi?: string; readonly words?: string }>> = {
  aws: { dmi: 'sys_vendor=Amazon EC2' },
  gcp: { dmi: 'product_name=Google Compute Engine' },
  azure: { dmi: 'chassis_asset_tag=7783-7084-3265-9085-8269-3286-77' },
  openstack: { dmi: 'product_name=OpenStack Nova' },
  oracle: { dmi: 'chassis_asset_tag=OracleCloud.com' },
  digitalocean: { dmi: 'sys_vendor=DigitalOcean' },
  hetzner: { dmi: 'sys_vendor=Hetzner' },
  vultr: { words: 'quiet vultr' },
  scaleway: { dmi: 'sys_vendor=Scaleway' },
  packet: { words: 'ds=packet' },
  metaldata: { words: 'ds=metaldata' },
}

interface Pulled {
  readonly outcome: string
  readonly provider: string
  readonly instanceId: string
}

describe('the node program in the network of a platform', () => {
  let tools: string

  before(async () => {
    tools = await freshFolder()
    copyFileSync(await (await agentCompiler())('main'), join(tools, 'kiln-agent'))
    const subject = ['-subj', '/CN=metadata.platformequinix.com', '-addext']
    execFileSync(
      'openssl',
      [
        ...[
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-days',
          '2',
        ],
        ...['-keyout', join(tools, 'key.pem'), '-out', join(tools, 'certificate.pem')],
        ...[...subject, 'subjectAltName=DNS:metadata.platformequinix.com'],
      ],
      { stdio: 'ignore' },
    )
  })

  for (const name of Object.keys(services) as ServiceName[]) {
    test(name, async () => {
      const { status, stdout, stderr, root, log } = await runInOwnNetwork({
        ...{ tools, server: 'metadata-server.ts', service: name, limitMs, ...signs[name] },
        commands: ['datasource --pull --json', 'datasource --pull --json'],
      })
      assert.equal(status, 0, stderr)
      const [first, second] = stdout.split(/(?<=^\}\n)/m).map((text) => JSON.parse(text) as Pulled)
      assert.deepEqual([first?.outcome, first?.provider], ['new', name])
      assert.deepEqual([second?.outcome, second?.instanceId], ['kept', first?.instanceId])

      const oem = join(root, 'oem/95_userdata')
      assert.equal(readFileSync(join(oem, 'userdata.yaml'), 'utf8'), cloudConfig)
      assert.equal(statSync(join(oem, 'userdata.yaml')).mode & 0o777, 0o600)
      assert.match(
        readFileSync(join(oem, 'metadata.yaml'), 'utf8'),
        /ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKey one@example/,
      )
      const keys = join(root, 'run/config/ssh/authorized_keys')
      assert.equal(statSync(keys).mode & 0o777, 0o600)
      assert.ok(!existsSync(join(root, 'run/.userdata_load')))
      const asked = readFileSync(log, 'utf8')
      assert.doesNotMatch(asked, / 40[13]$/m)
      assert.equal(asked.includes('POST /machine?comp=health 200'), name === 'azure')
    })
  }
})
