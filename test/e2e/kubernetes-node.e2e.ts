import assert from 'node:assert/strict'
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { runInSandbox } from '@kiln/factory/sandbox/sandbox'
import { run } from '@kiln/factory/tools/process'
import { agentCompiler } from './agent-program.ts'
import { debianRoot } from './debian-root.ts'
import { freshFolder } from './harness.ts'
import { type KubernetesApi, startKubernetesApi } from './kubernetes-api.ts'

/** Of a sandbox, and so the name of its node. */
const node = 'kiln'
const pki = '/var/lib/kubelet/pki'

/**
 * The health probe for Kubernetes: the real program of a node with Debian's kubectl, against a server that speaks the API.
 * No API server of Kubernetes itself is to be had where Kiln is tested.
 */
describe('the probe for a ready node of Kubernetes', () => {
  let api: KubernetesApi
  let layers: [string, string]
  let scratch: string
  let keys: string

  before(async () => {
    scratch = await freshFolder()
    keys = await certificates(join(scratch, 'keys'))
    const [cert, key, ca] = await Promise.all(
      ['server.crt', 'server.key', 'ca.crt'].map((name) => readFile(join(keys, name), 'utf8')),
    )
    api = await startKubernetesApi({ cert: cert ?? '', key: key ?? '', ca: ca ?? '' })
    const { whole } = await debianRoot(['kubectl', 'mount'])
    const own = join(scratch, 'own')
    layers = [join(whole.folder, 'root'), own]
    await put('/oem/90_health.yaml', '#cloud-config\nkiln: {health: {kubernetes: true}}\n')
    await mkdir(join(own, 'usr/bin'), { recursive: true })
    await copyFile(await (await agentCompiler())('main'), join(own, 'usr/bin/kiln-agent'))
    await chmod(join(own, 'usr/bin/kiln-agent'), 0o755)
  })

  after(() => api?.stop())

  test('waits for the credentials of a kubelet', async () => {
    assert.match((await finding()) ?? '', /no credentials of a kubelet/)
  })

  test('waits for the node to be registered', async () => {
    await kubelet('kubelet', 'ca')
    assert.match((await finding()) ?? '', /nodes "kiln" not found/)
  })

  for (const status of ['False', 'Unknown'] as const) {
    test(`waits while Ready is ${status}`, async () => {
      api.nodes.set(node, status)
      assert.match((await finding()) ?? '', /node kiln is not ready$/)
    })
  }

  test('is fulfilled by a node that is ready', async () => {
    api.nodes.set(node, 'True')
    assert.equal(await finding(), undefined)
  })

  for (const [what, client, ca, expected] of [
    ['the kubelet of another node', 'other', 'ca', /forbidden/],
    ['credentials of another cluster', 'stranger', 'ca', /Unauthorized|logged in/],
    [
      'a server that another authority vouches for',
      'kubelet',
      'strange-ca',
      /certificate signed by unknown authority/,
    ],
  ] as const) {
    test(`is not fulfilled by ${what}`, async () => {
      await kubelet(client, ca)
      assert.match((await finding()) ?? '', expected)
    })
  }

  test('is not fulfilled by a server that is gone', async () => {
    await kubelet('kubelet', 'ca')
    await api.stop()
    assert.match((await finding()) ?? '', /refused/)
  })

  /** What `kiln-agent health --check` says of Kubernetes. */
  async function finding(): Promise<string | undefined> {
    const { stdout } = await runInSandbox(
      { root: { layers }, network: true, scratch },
      ['kiln-agent', 'health', '--check'],
      { okCodes: [0, 1] },
    )
    // Nothing else of a node is there, so systemd is missed, too.
    assert.match(stdout, /^unit multi-user\.target /m)
    return stdout.match(/^kubernetes node (.*)$/m)?.[1]
  }

  /** As kubeadm leaves it: certificate and key of the kubelet in one file. */
  async function kubelet(client: string, ca: string): Promise<void> {
    const pem = await Promise.all(
      ['crt', 'key'].map((kind) => readFile(join(keys, `${client}.${kind}`), 'utf8')),
    )
    await put(`${pki}/current.pem`, pem.join(''))
    await put(`${pki}/ca.crt`, await readFile(join(keys, `${ca}.crt`), 'utf8'))
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: api.url, 'certificate-authority': `${pki}/ca.crt` } }],
      users: [
        {
          name: 'u',
          user: { 'client-certificate': `${pki}/current.pem`, 'client-key': `${pki}/current.pem` },
        },
      ],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }
    // YAML is a superset of JSON.
    await put('/etc/kubernetes/kubelet.conf', JSON.stringify(config))
  }

  async function put(path: string, text: string): Promise<void> {
    const file = join(scratch, 'own', path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
})

/** Two authorities, a server and clients: `<name>.crt` and `<name>.key` in a folder. */
async function certificates(folder: string): Promise<string> {
  await mkdir(folder)
  const at = (name: string) => join(folder, name)
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const
  for (const ca of ['ca', 'strange-ca']) {
    const files = ['-keyout', at(`${ca}.key`), '-out', at(`${ca}.crt`)] as const
    await run('openssl', ['req', '-x509', ...fresh, '-days', '2', ...files, '-subj', `/CN=${ca}`])
  }
  for (const [name, ca, subject] of [
    ['server', 'ca', '/CN=kube-apiserver'],
    ['kubelet', 'ca', `/O=system:nodes/CN=system:node:${node}`],
    ['other', 'ca', '/O=system:nodes/CN=system:node:other'],
    ['stranger', 'strange-ca', `/O=system:nodes/CN=system:node:${node}`],
  ] as const) {
    const request = ['-keyout', at(`${name}.key`), '-out', at(`${name}.csr`)] as const
    const address = ['-addext', 'subjectAltName=IP:127.0.0.1'] as const
    await run('openssl', ['req', ...fresh, ...request, '-subj', subject, ...address])
    const signed = [
      '-CA',
      at(`${ca}.crt`),
      '-CAkey',
      at(`${ca}.key`),
      '-CAcreateserial',
      '-days',
      '2',
    ] as const
    const files = [
      '-in',
      at(`${name}.csr`),
      '-out',
      at(`${name}.crt`),
      '-copy_extensions',
      'copyall',
    ] as const
    await run('openssl', ['x509', '-req', ...files, ...signed])
  }
  return folder
}
