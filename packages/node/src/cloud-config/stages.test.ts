import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCloudConfig } from '@kiln/contract/cloud-config/parse'
import { type StageName, stepsOf } from './stages.ts'

function steps(text: string, stage: StageName) {
  const result = parseCloudConfig(`#cloud-config\n${text}`, 'x.yaml')
  if (result.kind !== 'parsed') throw new Error(JSON.stringify(result))
  return stepsOf(result.document.value, stage)
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
  assert.deepEqual(boot[0]?.actions, [
    {
      kind: 'users',
      users: [
        { name: 'u', ssh_authorized_keys: ['ssh-rsa A x', 'ssh-rsa B x'] },
        { name: 'v', ssh_authorized_keys: ['ssh-rsa B x'] },
      ],
    },
  ])
  assert.deepEqual(boot[1]?.actions, [{ kind: 'files', files: [{ path: '/a', ownerstring: 'u:g' }] }])
  assert.deepEqual(boot[2]?.actions, [{ kind: 'commands', commands: ['echo hi', ['id', '-u']] }])
  for (const stage of ['rootfs', 'initramfs', 'fs', 'boot.before', 'boot.after'] as const) {
    assert.deepEqual(steps(text, stage), [])
  }
})

test('stages: keys without users belong to root', () => {
  const [step] = steps('ssh_authorized_keys: [ssh-rsa A x]', 'boot')
  assert.deepEqual(step?.actions, [{ kind: 'authorized_keys', keys: { root: ['ssh-rsa A x'] } }])
})

test('stages: the host name is set in the initramfs', () => {
  const [step] = steps('hostname: box', 'initramfs')
  assert.deepEqual(step?.actions, [{ kind: 'hostname', hostname: 'box' }])
  assert.deepEqual(steps('hostname: box', 'boot'), [])
})

test('stages: within a step the order is that of the field, users by name', () => {
  const [step] = steps(
    `stages:
  fs:
    - users: {b: {}, a: {uid: 1234}}
      hostname: x
      commands: [x]
      files: [{path: /x}]
      directories: [{path: /y}]
      authorized_keys: {a: [k]}
      if: test -e /x
`,
    'fs',
  )
  const kinds = ['directories', 'files', 'commands', 'hostname', 'users', 'authorized_keys']
  assert.deepEqual(
    step?.actions.map(({ kind }) => kind),
    kinds,
  )
  assert.deepEqual(step?.actions[4], { kind: 'users', users: [{ name: 'a', uid: 1234 }, { name: 'b' }] })
  assert.equal(step?.condition, 'test -e /x')
  assert.equal(step?.name, 'step 0')
})

test('stages: what is not there yet is an error, never silence', () => {
  const [first, second, third] = steps(
    `stages:
  fs:
    - {systemctl: {enable: [x]}}
    - {only_os: Debian, commands: [x]}
    - {if: '[ "{{ .Values.os.name }}" ]', commands: [x]}`,
    'fs',
  )
  assert.match(third?.blocked ?? '', /templates/)
  assert.deepEqual(first?.actions, [{ kind: 'unsupported', key: 'systemctl' }])
  assert.equal(second?.blocked, 'the condition only_os is not yet supported')
})
