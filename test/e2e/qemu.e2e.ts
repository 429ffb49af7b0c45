import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { chooseAccelerator, probeAccelerator, probeKvm } from '@kiln/factory/boot/accel'
import { bootArtifact, bootError } from '@kiln/factory/boot/artifact'
import { startMachine } from '@kiln/factory/boot/machine'
import { artifactDrive } from '@kiln/factory/boot/media'
import type { KilnEvent } from '@kiln/factory/events'
import { freshFolder, isKiln } from './harness.ts'
import { talkingDisk } from './sectors.ts'

/** Enough for a BIOS under emulation on a busy machine. */
const timeoutMs = 60_000

async function disk(name: string, content: Buffer): Promise<string> {
  const file = join(await freshFolder(), name)
  await writeFile(file, content)
  return file
}

/** Ended programs that nobody has asked about yet are zombies; they are not alive. */
function isAlive(pid: number | undefined): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

test('the KVM probe comes to a verdict', async () => {
  assert.deepEqual(await probeAccelerator('tcg'), { works: true }, 'the probe itself works')
  const verdict = await probeKvm()
  if (!verdict.works) assert.notEqual(verdict.reason, '')
  const { accel } = await chooseAccelerator('auto')
  assert.equal(accel, verdict.works ? 'kvm' : 'tcg')
  if (!verdict.works) await assert.rejects(chooseAccelerator('kvm'), isKiln('E-TOOL-FAILED'))
})

test('a machine says its lines, is reset, and is gone after its block', async () => {
  const file = await disk('talk.raw', talkingDisk('\u001b[1mhello\u001b[0m from\r\nthe sector\r\n'))
  let pid: number | undefined
  {
    await using machine = await startMachine({
      firmware: 'bios',
      drives: [artifactDrive(file)],
      sshPort: 'auto',
      disks: [{ size: 1024 * 1024 }],
    })
    pid = machine.pid
    assert.ok(isAlive(pid))
    assert.ok(Number(machine.sshPort) > 0, 'a port was chosen')
    assert.equal(await machine.waitFor(/^hello from\n/, { timeoutMs }), 'hello from')
    await machine.waitFor(/sector\n/, { timeoutMs })
    const since = machine.position
    await machine.reset()
    await machine.waitFor(/^hello from\n/, { timeoutMs, since })
    assert.match(machine.serial, /hello from\nthe sector\n/)
    await assert.rejects(machine.waitFor(/never/, { timeoutMs: 50 }), isKiln('E-BOOT-TIMEOUT'))
  }
  assert.ok(!isAlive(pid), 'QEMU is gone')
})

const cases = [
  {
    text: 'kiln: up: as can be\r\n',
    end: 'halt',
    outcome: 'up',
    line: 'kiln: up: as can be',
    error: undefined,
  },
  {
    text: '| kiln: boot refused: root-damaged   |\r\n| why |\r\nkiln: cannot boot (1)\r\n',
    end: 'halt',
    outcome: 'failed',
    line: 'kiln: boot refused: root-damaged',
    error: 'E-BOOT-FAILED',
  },
  { text: 'bye\r\n', end: 'reset', outcome: 'exited', line: undefined, error: 'E-BOOT-FAILED' },
  { text: 'thinking', end: 'halt', outcome: 'timeout', line: undefined, error: 'E-BOOT-TIMEOUT' },
] as const

for (const { text, end, outcome, line, error } of cases) {
  test(`the verdict on a machine that says ${JSON.stringify(text)} is "${outcome}"`, async () => {
    const artifact = await disk('system.raw', talkingDisk(text, end))
    const before = await readFile(artifact)
    const events: KilnEvent[] = []
    let pid: number | undefined
    const verdict = await bootArtifact(
      { artifact, firmware: 'bios', noReboot: true, timeoutMs: outcome === 'timeout' ? 3_000 : timeoutMs },
      {
        emit: (event) => events.push(event),
        onStarted: (machine) => {
          pid = machine.pid
        },
      },
    )
    assert.equal(verdict.outcome, outcome)
    assert.equal(verdict.line, line)
    assert.equal(bootError(verdict)?.code, error)
    assert.ok((await readFile(verdict.serialLog, 'latin1')).includes(text), 'the log has it all')
    const last = events.findLast(({ event }) => event !== 'step-output' && event !== 'notice')
    assert.equal(last?.event, error ? 'step-failed' : 'step-finished')
    assert.ok(!isAlive(pid), 'QEMU is gone')
    assert.deepEqual(await readFile(artifact), before)
  })
}

test('an abort stops the machine', async () => {
  const artifact = await disk('system.raw', talkingDisk('waiting\r\n'))
  const abort = new AbortController()
  let pid: number | undefined
  const booting = bootArtifact(
    { artifact, firmware: 'bios', signal: abort.signal },
    {
      emit: (event) => {
        if (event.event === 'step-output' && event.line === 'waiting') abort.abort()
      },
      onStarted: (machine) => {
        pid = machine.pid
      },
    },
  )
  await assert.rejects(booting, isKiln('E-INTERRUPTED'))
  assert.ok(!isAlive(pid), 'QEMU is gone')
})

test('a kept machine runs on after the verdict, until it is stopped', async () => {
  const artifact = await disk('system.raw', talkingDisk('kiln: up: and on\r\n'))
  const abort = new AbortController()
  let wasAlive = false
  let pid: number | undefined
  const verdict = await bootArtifact(
    { artifact, firmware: 'bios', keep: true, signal: abort.signal },
    {
      emit: () => {},
      onStarted: (machine) => {
        pid = machine.pid
      },
      onVerdict: () => {
        wasAlive = isAlive(pid)
        abort.abort()
      },
    },
  )
  assert.equal(verdict.outcome, 'up')
  assert.ok(wasAlive)
  assert.ok(!isAlive(pid), 'QEMU is gone')
})

test('a taken port is named', async () => {
  const file = await disk('system.raw', talkingDisk('hello\r\n'))
  const options = { firmware: 'bios', drives: [artifactDrive(file)] } as const
  await using first = await startMachine({ ...options, sshPort: 'auto' })
  await assert.rejects(
    startMachine({ ...options, sshPort: first.sshPort }),
    isKiln('E-USAGE', /port \d+ .* not free/),
  )
})

test('what cannot be booted is said before anything starts', async () => {
  const emit = () => {}
  const folder = await freshFolder()
  await assert.rejects(
    bootArtifact({ artifact: join(folder, 'no.iso') }, { emit }),
    isKiln('E-ARTIFACT-MISSING'),
  )
  await assert.rejects(bootArtifact({ artifact: join(folder, 'no.tar') }, { emit }), isKiln('E-USAGE'))
})

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`no machine outlives its program when that gets ${signal}`, async () => {
    const file = await disk('system.raw', talkingDisk('hello\r\n'))
    const scratch = await freshFolder()
    const program = spawn(process.execPath, [join(import.meta.dirname, 'start-machine.ts'), file], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: scratch },
    })
    const [line] = await once(createInterface(program.stdout), 'line')
    const pid = Number(line)
    assert.ok(isAlive(pid))
    program.kill(signal)
    const [code, killedBy] = await once(program, 'close')
    assert.deepEqual({ code, killedBy }, { code: null, killedBy: signal })
    const deadline = performance.now() + timeoutMs
    while (isAlive(pid) && performance.now() < deadline) await setTimeout(20)
    assert.ok(!isAlive(pid), 'QEMU is gone')
    // Nothing can clean up after SIGKILL.
    if (signal === 'SIGTERM') assert.deepEqual(await readdir(scratch), [])
  })
}

test('a QEMU that dies is no verdict on the artifact', async () => {
  const artifact = await disk('system.raw', talkingDisk('waiting\r\n'))
  const booting = bootArtifact(
    { artifact, firmware: 'bios' },
    { emit: () => {}, onStarted: ({ pid }) => void (pid && process.kill(pid, 'SIGKILL')) },
  )
  await assert.rejects(booting, isKiln('E-TOOL-FAILED'))
})
