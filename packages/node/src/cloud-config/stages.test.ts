import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stageSources } from './stage-sources.ts'
import { type StageName, stepsOf } from './stages.ts'

function steps(text: string, stage: StageName) {
  const file = { kind: 'file', name: 'x.yaml', text: `#cloud-config\n${text}` } as const
  const { sources, broken } = stageSources([file])
  const [source] = sources
  if (!source || broken.length > 0) throw new Error(JSON.stringify(broken))
  return stepsOf(source.config, stage).map(({ step }) => step)
}

test('stages: the keys of cloud-init become steps of boot, users first', () => {
  const text = `
runcmd: [echo hi, [id, -u]]
write_files: [{path: /a, owner: "u:g"}]
ssh_authorized_keys: [ssh-rsa B x]
users:
  - {name: u, ssh_authorized_keys: [ssh-rsa A x]}
  - {name: v}
stages: {boot: [{name: own, commands: [x]}]}
`
  const boot = steps(text, 'boot')
  assert.deepEqual(
    boot.map(({ name }) => name),
    ['users', 'write_files', 'runcmd', 'own'],
  )
  assert.deepEqual(boot[0]?.users, [
    { name: 'u', ssh_authorized_keys: ['ssh-rsa A x', 'ssh-rsa B x'] },
    { name: 'v', ssh_authorized_keys: ['ssh-rsa B x'] },
  ])
  assert.deepEqual(boot[1]?.files, [{ path: '/a', ownerstring: 'u:g' }])
  assert.deepEqual(boot[2]?.commands, ['echo hi', ['id', '-u']])
  for (const stage of ['rootfs', 'initramfs', 'fs', 'network', 'boot.before', 'boot.after'] as const) {
    assert.deepEqual(steps(text, stage), [])
  }
})

test('stages: keys without users belong to root; those of a forge come with the network', () => {
  const text = 'ssh_authorized_keys: [ssh-rsa A x, "github:me"]'
  assert.deepEqual(steps(text, 'boot')[0]?.authorized_keys, { root: ['ssh-rsa A x'] })
  assert.deepEqual(steps(text, 'network')[0]?.authorized_keys, { root: ['github:me'] })
})

test('stages: the host name is set in the initramfs', () => {
  assert.equal(steps('hostname: box', 'initramfs')[0]?.hostname, 'box')
  assert.deepEqual(steps('hostname: box', 'boot'), [])
})

test('stages: ssh is hardened where the installation asked for it', () => {
  const key = 'users: [{name: a, ssh_authorized_keys: [ssh-rsa A x]}]'
  const [step] = steps(`install: {ssh_hardening: true}\n${key}`, 'initramfs')
  assert.match(step?.files?.[0]?.content ?? '', /^PasswordAuthentication no$/m)
  assert.deepEqual(steps(`install: {ssh_hardening: false}\n${key}`, 'initramfs'), [])
})

test('stages: what the agent of the field does at the first boot comes behind the network', () => {
  const text = `
grub_options: {extra_cmdline: quiet, timeout: 5}
bundles: [{targets: ["run://a"]}]
fail_on_bundles_errors: true
`
  const installed = { if_files: { none: ['/run/cos/live_mode', '/run/cos/recovery_mode'] } }
  assert.deepEqual(steps(text, 'network.after'), [
    { name: 'grub_options', ...installed, grub_options: { extra_cmdline: 'quiet', timeout: '5' } },
    { name: 'bundles', ...installed, bundles: [{ targets: ['run://a'] }], on_failure: 'stop' },
  ])
  assert.deepEqual(steps(text, 'network'), [])
  assert.equal(steps('bundles: [{targets: ["run://a"]}]', 'network.after')[0]?.on_failure, undefined)
})

test('stages: growpart grows disks, and / needs no growing', () => {
  const grown = steps('growpart: {mode: auto, devices: [/, /dev/vdb]}', 'boot')
  assert.deepEqual(
    grown.map(({ layout }) => layout),
    [{ device: { path: '/dev/vdb' }, expand_partition: { size: 0 } }],
  )
  assert.deepEqual(steps("growpart: {mode: 'off', devices: [/dev/vdb]}", 'boot'), [])
})
