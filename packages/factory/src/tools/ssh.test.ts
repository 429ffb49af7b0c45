import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sshArguments } from './ssh.ts'

test('ssh reads nothing of the user, asks nothing, and trusts a guest it has never seen', () => {
  assert.equal(
    sshArguments({ port: 2222, user: 'tester', key: '/k/id' }, 'uname -a').join(' '),
    '-F none -i /k/id -p 2222 -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null' +
      ' -o GlobalKnownHostsFile=/dev/null -o IdentitiesOnly=yes -o IdentityAgent=none -o ConnectTimeout=10' +
      ' -o ServerAliveInterval=15 -o ServerAliveCountMax=8 -o LogLevel=ERROR tester@127.0.0.1 uname -a',
  )
})
