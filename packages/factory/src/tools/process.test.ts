import assert from 'node:assert/strict'
import { realpathSync } from 'node:fs'
import { describe, it } from 'node:test'
import { KilnError } from '@kiln/contract'
import { lifeline } from '../testkit/lifeline.ts'
import { expectCode, temporaryFolder } from '../testkit/testkit.ts'
import { hostTools, missingTool, requirements } from './host-tools.ts'
import { type RunOptions, run } from './process.ts'

/** unshare without flags only starts the program that follows. */
const sh = (script: string, options: RunOptions = {}) => run('unshare', ['sh', '-euc', script], options)

describe('running a program', () => {
  it('gives what it said on both channels, and its exit code', async () => {
    const result = await sh('echo out; echo err >&2')
    assert.deepEqual(result, { code: 0, stdout: 'out\n', stderr: 'err\n' })
  })

  it('hands on each line once, the last one without its end, too', async () => {
    const lines: string[] = []
    await sh('echo one; echo two >&2; printf three', { onLine: (line) => lines.push(line) })
    assert.deepEqual(lines.toSorted(), ['one', 'three', 'two'])
  })

  it('keeps text whole that comes in pieces', async () => {
    const lines: string[] = []
    const { stdout } = await sh(String.raw`printf '\303'; printf '\244\n'`, {
      onLine: (line) => lines.push(line),
    })
    assert.deepEqual([stdout, lines], ['ä\n', ['ä']])
  })

  it('hands over its input, and ends it', async () => {
    const input = 'x'.repeat(200_000)
    assert.equal((await sh('wc -c', { input })).stdout.trim(), '200000')
    assert.equal((await sh('cat')).stdout, '')
  })

  it('does not mind a program that leaves its input', async () => {
    assert.equal((await sh('exit 0', { input: 'x'.repeat(1 << 20) })).code, 0)
  })

  it('works in the folder that it is told', async (t) => {
    const cwd = realpathSync(temporaryFolder(t))
    assert.equal((await sh('pwd -P', { cwd })).stdout, `${cwd}\n`)
  })

  it('passes arguments as they are', async () => {
    const words = ['a b', '$HOME', "'", '"', '', '*', '-n']
    const { stdout } = await run('unshare', ['printf', String.raw`%s\0`, ...words])
    assert.deepEqual(stdout.split('\0').slice(0, -1), words)
  })

  it("lets nothing of the user's locale and options in", async (t) => {
    const names = ['KILN_TEST_SECRET', 'LC_ALL', 'TZ'] as const
    const before = names.map((name) => process.env[name])
    t.after(() => {
      for (const [index, name] of names.entries()) {
        const value = before[index]
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
    })
    for (const name of names) process.env[name] = 'leak'
    const { stdout } = await run('unshare', ['env'], { env: { ADDED: 'yes' } })
    assert.ok(!stdout.includes('leak'), stdout)
    for (const line of ['LC_ALL=C.UTF-8', 'TZ=UTC', 'ADDED=yes'])
      assert.ok(stdout.split('\n').includes(line), line)
  })
})

describe('a program that fails', () => {
  it('is reported with its exit code and its last lines', async () => {
    const error = await expectCode('E-TOOL-FAILED', () =>
      sh('i=0; while [ $i -lt 100 ]; do echo line $i; i=$((i+1)); done; exit 7'),
    )
    assert.match(error.message, /unshare failed with exit code 7/)
    const output = error.output?.split('\n') ?? []
    assert.deepEqual([output.at(0), output.at(-1), output.length], ['line 60', 'line 99', 40])
  })

  it('is none where the exit code is expected', async () => {
    assert.equal((await sh('exit 7', { okCodes: [0, 7] })).code, 7)
    await expectCode('E-TOOL-FAILED', () => sh('exit 0', { okCodes: [7] }))
  })

  for (const text of ['cp: cannot write: No space left on device', 'Error: ENOSPC: write']) {
    it(`is a full disk where it says "${text}"`, async () => {
      const explain = () => new KilnError('E-PACKAGE-INSTALL', 'never asked')
      const error = await expectCode('E-DISK-FULL', () => sh(`echo '${text}' >&2; exit 1`, { explain }))
      assert.match(error.hint ?? '', /--cache/)
      assert.ok(error.output?.includes(text))
    })
  }

  it('is explained by who knows its output, where they can', async () => {
    const explain = (output: string) =>
      output.includes('no such package') ? new KilnError('E-PACKAGE-UNKNOWN', 'x') : undefined
    await expectCode('E-PACKAGE-UNKNOWN', () => sh('echo no such package; exit 1', { explain }))
    await expectCode('E-TOOL-FAILED', () => sh('echo something else; exit 1', { explain }))
  })

  it('by a signal is no success', async () => {
    const error = await expectCode('E-TOOL-FAILED', () => sh('kill -TERM $$'))
    assert.match(error.message, /143/)
  })

  it('that is not installed is named with its package', async () => {
    const error = await expectCode('E-TOOL-MISSING', () =>
      run('mmdebstrap', [], { env: { PATH: '/nowhere' } }),
    )
    assert.match(error.message, /^mmdebstrap is not installed/)
    assert.equal(error.hint, 'apt-get install mmdebstrap')
  })
})

describe('an interrupted program', () => {
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const cases: readonly (readonly [what: string, flags: readonly string[]])[] = [
    ['a program', []],
    ['a program in a process namespace of its own', [...asRoot, '--pid', '--fork', '--kill-child']],
  ]
  for (const [what, flags] of cases) {
    it(`is killed: ${what}`, { timeout: 20_000 }, async (t) => {
      const { folder, gone } = lifeline(t)
      const controller = new AbortController()
      const script = 'exec 3> alive; echo ready; exec cat hold'
      const options = { cwd: folder, signal: controller.signal, onLine: () => controller.abort() }
      const running = run('unshare', [...flags, 'sh', '-euc', script], options)
      await expectCode('E-INTERRUPTED', () => running)
      await gone
    })
  }

  it('is not even started where the interruption came before', async () => {
    const reason = new Error('enough')
    await assert.rejects(sh('exit 0', { signal: AbortSignal.abort(reason) }), reason)
  })
})

describe('the tools of the host', () => {
  it('each have a package and a reason', () => {
    for (const [name, facts] of Object.entries(hostTools)) {
      const error = missingTool(name as keyof typeof hostTools)
      assert.equal(error.hint, `apt-get install ${facts.package}`)
      assert.ok(error.message.includes(facts.why))
    }
  })

  it('are asked for by purpose', () => {
    const names = (found: ReturnType<typeof requirements>) => found.map(({ name }) => name)
    const [build, boot] = [names(requirements(['build'])), names(requirements(['boot']))]
    assert.ok(build.includes('mmdebstrap') && !build.includes('qemu-img'))
    assert.ok(boot.includes('qemu-img') && !boot.includes('mmdebstrap'))
    assert.deepEqual(names(requirements(['build', 'boot'])).toSorted(), [...build, ...boot].toSorted())
    assert.deepEqual(requirements([]), [])
  })

  it('are seen where they are', () => {
    assert.equal(requirements(['build']).find(({ name }) => name === 'unshare')?.present, true)
  })
})
