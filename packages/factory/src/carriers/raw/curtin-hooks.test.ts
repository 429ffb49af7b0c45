import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { dump } from 'js-yaml'
import { plant, temporaryFolder } from '../../testkit/testkit.ts'

const hook = fileURLToPath(new URL('curtin-hooks.py', import.meta.url))

/** MAAS's metadata service, as far as the hook asks it. */
async function serve(t: TestContext, answers: Readonly<Record<string, string>>) {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    const answer = answers[request.url ?? '']
    response.writeHead(answer === undefined ? 404 : 200).end(answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/MAAS/metadata/`, asked }
}

/** Runs the hook as curtin does. */
async function runHook(t: TestContext, cloudconfig: object) {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'target'))
  plant(folder, { 'config.yaml': dump({ cloudconfig }) })
  const env = {
    PATH: '/usr/bin:/bin',
    CONFIG: join(folder, 'config.yaml'),
    TARGET_MOUNT_POINT: join(folder, 'target'),
  }
  const child = spawn(hook, [], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
  const code = await new Promise((resolve) => child.on('close', resolve))
  return { code, said, file: (name: string) => join(folder, 'target', name) }
}

const keys = { consumer_key: 'c&k', token_key: 'tk', token_secret: 't s' }
const datasource = (url: string) => ({
  'maas-datasource': {
    path: '/etc/cloud/cloud.cfg.d/90_maas_datasource.cfg',
    content: dump({ datasource: { MAAS: { metadata_url: url, ...keys } } }),
  },
})
const base = '/MAAS/metadata/2012-03-01'

describe('what MAAS runs on a disk it has written', () => {
  it('puts host name and user data on COS_OEM, for root alone', async (t) => {
    const userData = '#cloud-config\nusers: []\n'
    const { url, asked } = await serve(t, {
      [`${base}/meta-data/local-hostname`]: 'node-7\n',
      [`${base}/user-data`]: userData,
    })
    const { code, said, file } = await runHook(t, { other: { content: 'a: 1' }, ...datasource(url) })
    assert.equal(code, 0, said)
    assert.equal(readFileSync(file('92_maas_userdata.yaml'), 'utf8'), userData)
    assert.equal(readFileSync(file('91_maas_hostname.yaml'), 'utf8'), '#cloud-config\nhostname: "node-7"\n')
    assert.equal(statSync(file('92_maas_userdata.yaml')).mode & 0o777, 0o600)
    const authorization = asked[0]?.headers.authorization ?? ''
    assert.match(authorization, /^OAuth .*oauth_consumer_key="c%26k".*oauth_signature="%26t%2520s"/)
  })

  it('writes nothing where there is no user data', async (t) => {
    const { url } = await serve(t, {})
    const { code, file } = await runHook(t, datasource(url))
    assert.deepEqual([code, existsSync(file('92_maas_userdata.yaml'))], [0, false])
  })

  it('leaves the disk alone where curtin has no keys', async (t) => {
    const { code, said } = await runHook(t, { other: { content: 'a: 1' } })
    assert.deepEqual([code, /keeps its own configuration/.test(said)], [0, true])
  })

  it('fails the deployment where the user data are none for this system', async (t) => {
    const { url } = await serve(t, { [`${base}/user-data`]: '#!/bin/sh\necho hi\n' })
    const { code, said } = await runHook(t, datasource(url))
    assert.equal(code, 1)
    assert.match(said, /is no cloud-config/)
  })
})
