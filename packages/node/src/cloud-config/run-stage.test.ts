import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import type { NodeStage } from '@kiln/contract/cloud-config/schema/stage-names'
import { type Program, rootedHost } from '../testkit/rooted-host.ts'
import { readRecords } from './records.ts'
import { runStage } from './run-stage.ts'
import { sourcesOf } from './sources.ts'

const image = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  '/etc/group': 'root:x:0:\n',
  '/etc/shadow': 'root:*:::::::\n',
  '/etc/skel/.profile': '',
}

function run(
  context: TestContext,
  files: Readonly<Record<string, string>>,
  stage: NodeStage = 'boot',
  program?: Program,
) {
  const rooted = rootedHost(context, { ...image, ...files }, program)
  const code = runStage(rooted.host, stage, { sources: sourcesOf(''), root: '', shell: ['/bin/sh'] })
  const steps = readRecords(rooted.host)
  return { ...rooted, code, steps, commands: rooted.calls.filter((call) => call.startsWith('/bin/sh')) }
}

function config(text: string): string {
  return `#cloud-config\n${text}`
}

function step(command: string): string {
  return `[{name: ${command}, commands: [${command}]}]`
}

test('run-stage: before, then the stage, then after, each over all sources in their order', (context) => {
  const own = (name: string) =>
    config(
      `stages: {boot.after: ${step(`${name}3`)}, boot.before: ${step(`${name}1`)}, boot: ${step(`${name}2`)}}`,
    )
  const { code, commands } = run(context, {
    '/usr/local/cloud-config/a.yaml': own('user'),
    '/oem/20.yaml': own('twenty'),
    '/oem/10.yml': own('ten'),
    '/oem/sub/x.yaml': own('sub'),
    '/oem/note.txt': own('text'),
    '/run/initramfs/live/c.yaml': own('live'),
    '/run/initramfs/live/deep/c.yaml': own('deep'),
    '/system/oem/z.yaml': own('image'),
  })
  assert.equal(code, 0)
  const order = ['image', 'live', 'ten', 'twenty', 'sub', 'user']
  assert.deepEqual(
    commands,
    [1, 2, 3].flatMap((phase) => order.map((name) => `/bin/sh -c ${name}${phase}`)),
  )
})

test('run-stage: a source that is not understood is reported and left out alone', (context) => {
  const { code, commands, output, steps } = run(context, {
    '/oem/1.yaml': config('stages: {bot: []}'),
    '/oem/2.yaml': 'stages: {boot: []}',
    '/oem/3.yaml': config('runcmd: [good]'),
  })
  assert.equal(code, 1)
  assert.deepEqual(commands, ['/bin/sh -c good'])
  assert.match(output.join(''), /\/oem\/1\.yaml:2:10: unknown key "bot"/)
  assert.match(output.join(''), /2\.yaml has no #cloud-config/)
  assert.deepEqual(
    steps.map(({ step, status }) => `${step} ${status}`),
    ['read failed', 'runcmd ok'],
  )
})

test('run-stage: a failing command stops neither the next one nor the next step', (context) => {
  const { code, commands, steps } = run(
    context,
    { '/oem/1.yaml': config('runcmd: ["false", "true"]\nstages: {boot: [{commands: [last]}]}') },
    'boot',
    (argv) => (argv[2] === 'false' ? { code: 7 } : undefined),
  )
  assert.equal(code, 1)
  assert.deepEqual(commands, ['/bin/sh -c false', '/bin/sh -c true', '/bin/sh -c last'])
  assert.deepEqual(steps[0]?.errors, ['command ended with 7: false'])
  assert.equal(steps[1]?.status, 'ok')
})

test('run-stage: a condition that is not met skips the step, which is no failure', (context) => {
  const { code, commands, steps } = run(
    context,
    { '/oem/1.yaml': config('stages: {boot: [{if: no, commands: [x]}, {if: "yes", commands: [y]}]}') },
    'boot',
    (argv) => (argv[2] === 'no' ? { code: 1 } : undefined),
  )
  assert.equal(code, 0)
  assert.deepEqual(commands, ['/bin/sh -c no', '/bin/sh -c yes', '/bin/sh -c y'])
  assert.equal(steps[0]?.status, 'skipped')
})

test('run-stage: records of several stages stand together', (context) => {
  const { host } = run(context, { '/oem/1.yaml': config('runcmd: [a]\nhostname: b') })
  runStage(host, 'initramfs', { sources: sourcesOf(''), root: '', shell: ['/bin/sh'] })
  const steps = readRecords(host)
  assert.deepEqual(
    steps.map((record: { stage: string; step: string }) => `${record.stage} ${record.step}`),
    ['boot runcmd', 'initramfs hostname'],
  )
})

test('run-stage: a user, with home and keys', (context) => {
  const { host, calls, code } = run(context, {
    '/oem/1.yaml': config('users: [{name: ann, passwd: $6$a$b, ssh_authorized_keys: [ssh-rsa A ann]}]'),
  })
  assert.equal(code, 0)
  assert.match(host.readText('/etc/passwd'), /^ann:x:1000:1000::\/home\/ann:\/bin\/sh$/m)
  assert.match(host.readText('/etc/shadow'), /^ann:\$6\$a\$b:/m)
  assert.equal(host.readText('/home/ann/.ssh/authorized_keys'), 'ssh-rsa A ann\n')
  assert.equal(host.stat('/home/ann/.ssh').mode, 0o700)
  assert.equal(host.stat('/home/ann/.ssh/authorized_keys').mode, 0o600)
  assert.ok(calls.includes('cp -a /etc/skel/. /home/ann'))
  assert.ok(calls.includes('chown 1000:1000 /home/ann/.ssh/authorized_keys'))
})

test('run-stage: keys of a forge wait for the network, the others are there at once', (context) => {
  const { host, steps } = run(context, {
    '/oem/1.yaml': config('users: [{name: ann, ssh_authorized_keys: ["github:ann", ssh-rsa A ann]}]'),
  })
  assert.deepEqual(steps[0]?.errors, [])
  assert.equal(host.readText('/home/ann/.ssh/authorized_keys'), 'ssh-rsa A ann\n')
})

test('run-stage: a password in plain text that cannot be hashed: the user comes without one', (context) => {
  const { host, steps, output } = run(context, {
    '/oem/1.yaml': config('users: [{name: ann, passwd: secret, ssh_authorized_keys: [ssh-rsa A ann]}]'),
  })
  assert.match(steps[0]?.errors[0] ?? '', /cannot be hashed here/)
  assert.match(host.readText('/etc/shadow'), /^ann:\*:/m)
  assert.equal(host.readText('/home/ann/.ssh/authorized_keys'), 'ssh-rsa A ann\n')
  assert.doesNotMatch(output.join('') + JSON.stringify(steps), /secret/)
})

test('run-stage: a home of an earlier life is given back, one of another user is not', (context) => {
  const { host, calls } = run(context, {
    '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1000::/home/bob:/bin/sh\n',
    '/home/ann/notes': '',
    '/oem/1.yaml': config('users: [{name: ann}, {name: bob}]'),
  })
  assert.ok(calls.includes('chown 1001:1000 /home/ann/notes'))
  assert.ok(!calls.some((call) => call.includes('/home/bob')))
  assert.equal(host.stat('/home/ann').type, 'directory')
})

test('run-stage: a step that takes long says so now and then, however often its program is looked at', (context) => {
  const rooted = rootedHost(context, { ...image, '/oem/1.yaml': config(`stages: {boot: ${step('slow')}}`) })
  const host: typeof rooted.host = {
    ...rooted.host,
    run: (argv, options) => {
      for (let looks = 0; looks < 10 && options?.watch; looks++) {
        rooted.host.sleep(2_500)
        options.watch.look()
      }
      return rooted.host.run(argv, options)
    },
  }
  assert.equal(runStage(host, 'boot', { sources: sourcesOf(''), root: '', shell: ['/bin/sh'] }), 0)
  const said = rooted.output.filter((text) => text.includes('still running'))
  assert.deepEqual(
    said.map((text) => text.match(/after (\d+) s/)?.[1]),
    ['10', '20'],
  )
})
