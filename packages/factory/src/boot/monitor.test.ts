import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { test } from 'node:test'
import { isKilnError } from '@kiln/contract'
import { forwardedPort, Monitor } from './monitor.ts'

/** A QEMU that answers each command by a function. */
function monitorOf(answer: (command: string) => object): { monitor: Monitor; close: () => void } {
  const [mine, its] = duplexPair()
  its.write('{"QMP": {"version": {}, "capabilities": []}}\r\n')
  its.on('data', (data: Buffer) => {
    for (const line of data.toString().trim().split('\n')) {
      const { execute, id } = JSON.parse(line) as { execute: string; id: number }
      its.write('{"event": "RESUME"}\r\n')
      its.write(`${JSON.stringify({ ...answer(execute), id })}\r\n`)
    }
  })
  return { monitor: new Monitor(mine), close: () => mine.destroy(new Error('connection reset')) }
}

test('commands get their results, events are passed over', async () => {
  const { monitor } = monitorOf((command) => ({ return: command }))
  await monitor.greet()
  assert.deepEqual(await Promise.all([monitor.execute('a'), monitor.execute('b')]), ['a', 'b'])
})

test('a command that is refused says why', async () => {
  const { monitor } = monitorOf(() => ({ error: { class: 'GenericError', desc: 'not now' } }))
  await assert.rejects(
    monitor.execute('stop'),
    (error) => isKilnError(error) && error.code === 'E-TOOL-FAILED' && /"stop": not now/.test(error.message),
  )
})

test('a machine that ends refuses what was asked and what will be', async () => {
  const { monitor, close } = monitorOf(() => ({ return: {} }))
  await monitor.greet()
  const asked = monitor.execute('stop')
  close()
  await assert.rejects(asked, /has ended/)
  await assert.rejects(monitor.execute('cont'), /has ended/)
})

test('the forwarded port is found in what QEMU prints', () => {
  const usernet = [
    'Hub -1 (network):',
    '  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ',
    '  TCP[HOST_FORWARD]   9       127.0.0.1 42621       10.0.2.15    22     0     0',
    '',
  ].join('\r\n')
  assert.equal(forwardedPort(usernet, 22), 42621)
  assert.equal(forwardedPort(usernet, 80), undefined)
})
