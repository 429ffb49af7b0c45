import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import type { Host } from '../host/host.ts'
import { exists } from '../host/tree.ts'
import { main } from '../main.ts'
import { withFakeCurl } from '../testkit/fake-curl.ts'
import { type Service, services } from '../testkit/metadata-services.ts'
import { type Program, rootedHost } from '../testkit/rooted-host.ts'

/** What a remote configuration, the user data and the command line say for two stages. */
const says = (name: string) =>
  `#cloud-config\nstages:\n  boot: [{name: ${name}, commands: [${name}-boot]}]\n  network: [{name: ${name}, commands: [${name}-network]}]\n`

const image = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  '/etc/group': 'root:x:0:\n',
  '/etc/shadow': 'root:*:::::::\n',
  '/dev/urandom': Uint8Array.from({ length: 64 }, (_, at) => at),
}

const sums: Program = (argv, folder) => {
  if (argv[0] !== 'sha256sum') return undefined
  const { status, stdout } = spawnSync('sha256sum', [`${folder}${argv[1]}`], { encoding: 'utf8' })
  return { code: status ?? 1, stdout }
}

function node(context: TestContext, files: Readonly<Record<string, string>>, network: readonly Service[]) {
  const rooted = rootedHost(context, { ...image, ...files }, sums)
  const { host, asked } = withFakeCurl(rooted.host, rooted.folder, network)
  const run = (base: Host, stage: string) => {
    const since = rooted.calls.length
    main({ ...base, args: ['run-stage', stage] })
    return rooted.calls.slice(since).flatMap((call) => call.match(/^\/bin\/sh -c (\S+)$/)?.[1] ?? [])
  }
  const offline = withFakeCurl(rooted.host, rooted.folder, []).host
  return {
    asked,
    has: (path: string) => exists(host, path),
    output: rooted.output,
    run: (stage: string) => run(host, stage),
    runOffline: (stage: string) => run(offline, stage),
  }
}

const remote: Service = { origin: 'http://s.example', answers: { 'GET /a.yaml': says('remote') } }
const leads = '#cloud-config\nconfig_url: http://s.example/a.yaml\n'

test('what an address leads to acts at once, also for the stages that are over', (context) => {
  const { run, runOffline, asked, output } = node(
    context,
    { '/oem/a.yaml': leads, '/proc/cmdline': 'stages.boot[0].commands[0]=line-boot\n' },
    [remote],
  )
  assert.deepEqual(run('boot'), ['line-boot'])
  assert.deepEqual(run('network'), ['remote-boot', 'remote-network'])
  assert.equal(asked.length, 1, 'it is fetched once')

  // The next start has it from the beginning, and nothing is run twice.
  assert.deepEqual(run('boot'), ['remote-boot', 'line-boot'])
  assert.deepEqual(run('network'), ['remote-network'])

  // And so has a start without a network, which is told.
  assert.deepEqual(runOffline('boot'), ['remote-boot', 'line-boot'])
  assert.deepEqual(runOffline('network'), ['remote-network'])
  assert.match(output.join(''), /a copy of \d{4}-.* is used, because/)
})

test('what somebody else fetched between the stages was missed all the same', (context) => {
  const { run } = node(context, { '/oem/a.yaml': leads }, [remote])
  run('boot')
  assert.deepEqual(run('reconcile'), [])
  assert.deepEqual(run('network'), ['remote-boot', 'remote-network'])
})

test('an address that leads nowhere is told, and stops nothing', (context) => {
  const { run, output } = node(context, { '/oem/a.yaml': leads, '/oem/b.yaml': says('local') }, [])
  assert.deepEqual(run('network'), ['local-network'])
  assert.match(output.join(''), /could not be fetched: .*s\.example/)
})

test('user data of a platform acts at once, and is not run twice', (context) => {
  const platform = {
    ...services.hetzner,
    answers: { ...services.hetzner.answers, 'GET /hetzner/v1/userdata': says('user') },
  }
  const files = { '/sys/class/dmi/id/sys_vendor': 'Hetzner\n', '/oem/b.yaml': says('local') }
  const { run } = node(context, files, [platform])
  assert.deepEqual(run('initramfs'), [])
  assert.deepEqual(run('boot'), ['local-boot'])
  assert.deepEqual(run('network'), ['user-boot', 'user-network', 'local-network'])
  assert.deepEqual(run('network'), ['user-network', 'local-network'])
})

test('a step that asks a data source', (context) => {
  const step = (providers: string) =>
    `#cloud-config\nstages: {network: [{name: ask, datasource: {providers: [${providers}], path: /oem/60}}]}\n`
  const files = { '/sys/class/dmi/id/sys_vendor': 'Hetzner\n', '/proc/cmdline': 'kiln.datasource=off\n' }
  const off = node(context, { ...files, '/oem/a.yaml': step('hetzner') }, [services.hetzner])
  off.run('network')
  assert.ok(off.has('/run/config'))
  assert.match(off.output.join(''), /no metadata\/userdata found/)
  const on = node(context, { ...files, '/proc/cmdline': '', '/oem/a.yaml': step('hetzner, aws') }, [
    services.hetzner,
  ])
  on.run('network')
  assert.match(on.output.join(''), /network: ask: ok/)
})
