import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { HostError } from '../host/host.ts'
import { rootedHost } from '../testkit/rooted-host.ts'
import { replaceMissingWatchdog, tended, tendWatchdog, type Watchdog } from './watchdog.ts'

function wanted(): Watchdog {
  return { seconds: 180, lastTended: undefined }
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
  tendWatchdog(host, { seconds: 0, lastTended: undefined })
  replaceMissingWatchdog(host, { seconds: 0, lastTended: undefined })
  assert.deepEqual(calls, [])
  const broken: typeof host = {
    ...host,
    ioctl: (path) => {
      throw new HostError('EBUSY', 'ioctl', path)
    },
  }
  tendWatchdog(broken, wanted())
})

test('watchdog: with less time, it is told more often', (context) => {
  const { host } = rootedHost(context, { '/dev/watchdog': '' })
  const told: number[] = []
  const counting: typeof host = { ...host, write: () => void told.push(host.uptime()) }
  const watchdog: Watchdog = { seconds: 30, lastTended: undefined }
  for (let second = 0; second < 60; second += 5) {
    tendWatchdog(counting, watchdog)
    host.sleep(5_000)
  }
  const gaps = told.slice(1).map((time, index) => time - (told[index] ?? 0))
  assert.ok(gaps.length > 2 && gaps.every((gap) => gap < 30_000), String(gaps))
})

test('watchdog: programs of a stage are progress, however long all of them take', (context) => {
  const { host } = rootedHost(context, { '/dev/watchdog': '' }, () => {
    host.sleep(100_000)
    return undefined
  })
  const told: number[] = []
  const counting: typeof host = {
    ...host,
    write: () => void told.push(host.uptime()),
    ioctl: () => void told.push(host.uptime()),
  }
  const watched = tended(counting, wanted())
  for (let device = 1; device <= 4; device++) watched.run(['mkfs', `/dev/sda${device}`])
  assert.deepEqual(
    told.map((at) => at - (told[0] ?? 0)),
    [0, 100_000, 200_000, 300_000],
  )
})

test('watchdog: a machine without one gets the one of the kernel', (context) => {
  const { host, calls } = rootedHost(context, { '/dev/null': '' }, ([, applet], folder) => {
    if (applet === 'modprobe') writeFileSync(join(folder, '/dev/watchdog'), '')
    return undefined
  })
  replaceMissingWatchdog(host, wanted())
  assert.deepEqual(calls, ['/bin/busybox modprobe -q softdog', 'ioctl /dev/watchdog c0045706 180'])
})

test('watchdog: where the machine has one, that is taken', (context) => {
  const { host, calls } = rootedHost(context, { '/dev/watchdog': '' })
  replaceMissingWatchdog(host, wanted())
  assert.deepEqual(calls, ['ioctl /dev/watchdog c0045706 180'])
})
