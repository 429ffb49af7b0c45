import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HostError } from '../host/host.ts'
import { rootedHost } from '../testkit/rooted-host.ts'
import { tendWatchdog, type Watchdog } from './watchdog.ts'

function wanted(): Watchdog {
  return { wanted: true, lastTended: undefined }
}

test('watchdog: is started once, and told of progress each minute', (context) => {
  const { host, calls } = rootedHost(context, { '/dev/watchdog': '' })
  const watchdog = wanted()
  for (let second = 0; second < 150; second += 10) {
    tendWatchdog(host, watchdog)
    host.sleep(10_000)
  }
  assert.deepEqual(calls, ['ioctl /dev/watchdog c0045706 180'])
  // Never the letter that stops it.
  assert.equal(host.readText('/dev/watchdog'), '\n')
})

test('watchdog: what the kernel says at each closing stays off the consoles, and nothing else', (context) => {
  const levels = '/proc/sys/kernel/printk'
  const { host } = rootedHost(context, { '/dev/watchdog': '', [levels]: '7\t4\t1\t7\n' })
  const during: string[] = []
  const watched: typeof host = { ...host, ioctl: () => during.push(host.readText(levels)) }
  tendWatchdog(watched, wanted())
  assert.deepEqual([during, host.readText(levels)], [['2'], '7'])
  host.write(levels, '4\t4\t1\t7\n')
  const broken: typeof host = {
    ...host,
    ioctl: (path) => {
      throw new HostError('EBUSY', 'ioctl', path)
    },
  }
  tendWatchdog(broken, wanted())
  assert.equal(host.readText(levels), '4')
})

test('watchdog: is started as soon as its driver is there', (context) => {
  const { host, calls } = rootedHost(context, { '/dev/null': '' })
  const watchdog = wanted()
  tendWatchdog(host, watchdog)
  assert.deepEqual(calls, [])
  host.write('/dev/watchdog', '')
  tendWatchdog(host, watchdog)
  assert.equal(calls.length, 1)
})

test('watchdog: stays alone where it is not wanted, and a broken one stops no boot', (context) => {
  const { host, calls } = rootedHost(context, { '/dev/watchdog': '' })
  tendWatchdog(host, { wanted: false, lastTended: undefined })
  assert.deepEqual(calls, [])
  const broken: typeof host = {
    ...host,
    ioctl: (path) => {
      throw new HostError('EBUSY', 'ioctl', path)
    },
  }
  tendWatchdog(broken, wanted())
})
