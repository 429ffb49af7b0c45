import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { HealthConfig } from '@kiln/contract/cloud-config/schema/blocks/health'
import * as z from 'zod/mini'
import type { RunResult } from '../host/host.ts'
import { armGeneration } from '../lifecycle/arm.ts'
import { openNode } from '../lifecycle/node.ts'
import { withLoader } from '../lifecycle/open-loader.ts'
import { main } from '../main.ts'
import { recordOf, startOf } from '../testkit/firmware.ts'
import { type InstalledNode, installedNode, state } from '../testkit/installed-node.ts'
import { type Program, rootedHost } from '../testkit/rooted-host.ts'
import { gateOf, type Probe, probeText } from './probes.ts'
import { runProbe } from './run-probe.ts'

describe('the settings of the health gate', () => {
  for (const [text, expected] of [
    [{ timeout: '90s' }, 90],
    [{ timeout: '5m' }, 300],
    [{ timeout: '1h' }, 3600],
    [{ timeout: 45 }, 45],
  ] as const) {
    test(`${JSON.stringify(text)} is ${expected} seconds`, () => {
      assert.equal(z.parse(HealthConfig, text).timeout, expected)
    })
  }

  for (const bad of [{ timeout: '5' }, { timeout: 0 }, { unit: ['x'] }, { http: [{ status: 200 }] }]) {
    test(`${JSON.stringify(bad)} is refused`, () => assert.ok(!z.safeParse(HealthConfig, bad).success))
  }

  test('that the system is up is always asked for', () => {
    const { probes, timeoutMs } = gateOf([])
    assert.deepEqual(probes, [{ kind: 'unit', unit: 'multi-user.target' }, { kind: 'stages' }])
    assert.equal(timeoutMs, 300_000)
  })

  test('several configurations add to each other, and the longest time counts', () => {
    const { probes, timeoutMs } = gateOf([
      { units: ['ssh.service'], command: 'true', timeout: 60 },
      {
        units: ['ssh.service'],
        mounts: ['/data'],
        command: ['a', 'b'],
        tcp: ['localhost:22'],
        http: ['http://x/', { url: 'https://y/', status: 204, insecure: true }],
        kubernetes: true,
        timeout: 30,
      },
    ])
    assert.equal(timeoutMs, 60_000)
    assert.deepEqual(probes.map(probeText), [
      'unit multi-user.target',
      'stages',
      'unit ssh.service',
      'command "true"',
      'mount /data',
      'command "a"',
      'command "b"',
      'tcp localhost:22',
      'http http://x/',
      'http https://y/',
      'kubernetes node',
    ])
  })
})

const missing: Program = () => undefined

function answers(program: string, result: Partial<RunResult>): Program {
  return (argv) => (argv[0] === program ? result : undefined)
}

const http = { kind: 'http', url: 'http://x/', status: undefined, insecure: false } as const
const probes: readonly (readonly [
  name: string,
  probe: Probe,
  program: Program,
  files: Readonly<Record<string, string>>,
  expected: string | undefined,
])[] = [
  [
    'an active unit',
    { kind: 'unit', unit: 'a' },
    answers('systemctl', { stdout: 'active\n' }),
    {},
    undefined,
  ],
  [
    'a failed unit',
    { kind: 'unit', unit: 'a' },
    answers('systemctl', { code: 3, stdout: 'failed\n' }),
    {},
    'is failed',
  ],
  [
    'a mount',
    { kind: 'mount', path: '/data' },
    missing,
    { '/proc/self/mounts': 'x / ext4\ny /data ext4 rw\n' },
    undefined,
  ],
  ['no mount', { kind: 'mount', path: '/data' }, missing, {}, 'nothing is mounted there'],
  [
    'a command that fails',
    { kind: 'command', command: 'x' },
    answers('/bin/sh', { code: 7, stderr: 'a\nno luck\n' }),
    {},
    'ended with 7: no luck',
  ],
  [
    'a connection',
    { kind: 'tcp', address: 'a:1' },
    answers('curl', { code: 1, stdout: '0.000123' }),
    {},
    undefined,
  ],
  [
    'no connection',
    { kind: 'tcp', address: 'a:1' },
    answers('curl', { code: 7, stdout: '0.000000' }),
    {},
    'takes no connection',
  ],
  ['an answer', http, answers('curl', { stdout: '301' }), {}, undefined],
  ['an error as an answer', http, answers('curl', { stdout: '503' }), {}, 'answers 503'],
  [
    'another answer than wanted',
    { ...http, status: 204 },
    answers('curl', { stdout: '200' }),
    {},
    'answers 200',
  ],
  ['no answer', http, answers('curl', { code: 7, stderr: 'curl: (7) refused\n' }), {}, 'curl: (7) refused'],
  [
    'a step that failed and must not',
    { kind: 'stages' },
    missing,
    {
      '/run/kiln/stages.jsonl':
        '{"stage":"boot","step":"a","status":"failed","errors":["no"]}\n{"stage":"boot","step":"b","status":"failed","errors":["x"],"unhealthy":true}\n{"sta',
    },
    'step b of boot failed: x',
  ],
  ['stages of which nothing is known', { kind: 'stages' }, missing, {}, undefined],
  ['no Kubernetes', { kind: 'kubernetes' }, missing, {}, 'there is no kubectl, k3s or k0s'],
  [
    'Kubernetes that is not there yet',
    { kind: 'kubernetes' },
    missing,
    { '/usr/local/bin/k3s': '' },
    'there are no credentials of a kubelet yet',
  ],
  [
    'a node that is not ready',
    { kind: 'kubernetes' },
    answers('k3s', { stdout: 'False' }),
    kubernetesFiles(),
    'node box is not ready',
  ],
  ['a ready node', { kind: 'kubernetes' }, answers('k3s', { stdout: 'True' }), kubernetesFiles(), undefined],
]

function kubernetesFiles() {
  return {
    '/usr/local/bin/k3s': '',
    '/var/lib/rancher/k3s/agent/kubelet.kubeconfig': '',
    '/proc/sys/kernel/hostname': 'Box\n',
  }
}

describe('probes', () => {
  for (const [name, probe, program, files, expected] of probes) {
    test(name, (context) => assert.equal(runProbe(rootedHost(context, files, program).host, probe), expected))
  }

  test('a program that is missing is a finding', (context) => {
    const { host } = rootedHost(context)
    const without: typeof host = { ...host, run: () => host.readText('/nowhere') as never }
    assert.match(runProbe(without, { kind: 'unit', unit: 'a' }) ?? '', /ENOENT/)
  })
})

/** A node that runs a new generation on trial; multi-user.target is reached after some looks. */
function onTrial(context: TestContext, looks: number, config = ''): InstalledNode {
  let looked = 0
  const node = installedNode(context, 'uefi', ([program, verb]) => {
    if (program !== 'systemctl' || verb !== 'is-active') return undefined
    return { stdout: ++looked > looks ? 'active\n' : 'inactive\n' }
  })
  node.host.write('/oem/91_health.yaml', `#cloud-config\n${config}`)
  const payload = node.addSlot('v2')
  const slot = payload.root.rootHash
  const open = openNode(node.host)
  withLoader(node.host, open.disk, 'write', (loader) =>
    armGeneration(open, loader, { slot, payload, source: 'oci:r/box:v2' }),
  )
  node.boot({ mode: 'active', generation: 2, slot })
  run(node, 'reconcile')
  node.calls.length = 0
  return node
}

function run(node: InstalledNode, ...args: readonly string[]): { code: number; output: string } {
  node.output.length = 0
  return { code: main({ ...node.host, args }), output: node.output.join('') }
}

const generation = (node: InstalledNode, number: number) =>
  recordOf(node).generations.find((each) => each.number === number)

describe('the health gate', () => {
  test('a system that comes up is good, and no tries are counted any more', (context) => {
    const node = onTrial(context, 3)
    assert.match(run(node, 'health').output, /generation 2 is good/)
    assert.equal(generation(node, 2)?.status, 'good')
    assert.equal(startOf(node).entry, 'kiln-2')
    assert.deepEqual(node.host.list('/run/kiln/esp/loader/entries'), [
      'kiln-1.conf',
      'kiln-2.conf',
      'kiln-recovery.conf',
    ])
    assert.ok(!node.calls.includes('systemctl --no-block reboot'))
  })

  test('one that does not is restarted, and keeps the reason', (context) => {
    const node = onTrial(
      context,
      Number.POSITIVE_INFINITY,
      'kiln: {health: {timeout: 20s, mounts: [/data]}}\n',
    )
    const { code, output } = run(node, 'health')
    assert.equal(code, 1)
    assert.match(output, /not healthy: unit multi-user\.target is inactive; mount \/data nothing is mounted/)
    assert.equal(node.calls.at(-1), 'systemctl --no-block reboot')
    const { status, failure } = generation(node, 2) ?? {}
    assert.deepEqual([status, failure?.reason], ['trial', 'not-healthy'])
    // In the end the older one runs, and tells why.
    node.host.rename(
      '/run/kiln/esp/loader/entries/kiln-2+3.conf',
      '/run/kiln/esp/loader/entries/kiln-2+0-3.conf',
    )
    node.boot({ mode: 'passive', generation: 1 })
    assert.match(run(node, 'reconcile').output, /generation 2 is given up: not-healthy: unit/)
    assert.equal(generation(node, 2)?.status, 'bad')
    assert.equal(startOf(node).entry, 'kiln-1')
  })

  test('where nothing is left to fall back to, the system stays up and is not counted down', (context) => {
    const node = onTrial(context, Number.POSITIVE_INFINITY, 'kiln: {health: {timeout: 2}}\n')
    const path = `${state}/kiln/record`
    node.host.remove(`${path}.0.json`, { recursive: true })
    node.host.remove(`${path}.1.json`, { recursive: true })
    node.host.rename(
      '/run/kiln/esp/loader/entries/kiln-1.conf',
      '/run/kiln/esp/loader/entries/kiln-1+0-3.conf',
    )
    run(node, 'reconcile')
    assert.match(run(node, 'health').output, /no other generation/)
    assert.ok(!node.calls.includes('systemctl --no-block reboot'))
    assert.ok(node.host.list('/run/kiln/esp/loader/entries').includes('kiln-2.conf'))
  })

  test('a good one is not looked at again, nor is recovery', (context) => {
    const node = onTrial(context, 0)
    run(node, 'health')
    node.calls.length = 0
    assert.equal(run(node, 'health').code, 0)
    node.boot({ mode: 'recovery' })
    assert.equal(run(node, 'health').code, 0)
    assert.deepEqual(node.calls, [])
  })

  test('how many generations stay is taken from the configuration', (context) => {
    const node = onTrial(context, 0, 'kiln: {keep: 4}\n')
    run(node, 'health')
    assert.equal(recordOf(node).keep, 4)
  })

  test('--check only looks', (context) => {
    const node = onTrial(context, Number.POSITIVE_INFINITY)
    const before = recordOf(node)
    const { code, output } = run(node, 'health', '--check')
    assert.deepEqual([code, output], [1, 'unit multi-user.target is inactive\n'])
    assert.deepEqual(recordOf(node), before)
  })
})
