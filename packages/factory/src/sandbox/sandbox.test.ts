import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { lifeline } from '../testkit/lifeline.ts'
import { makeRoot } from '../testkit/small-root.ts'
import { expectCode, plant } from '../testkit/testkit.ts'
import { type Mount, type Sandbox, sandboxDirectives } from './sandbox.ts'

describe('the directives of a sandbox', () => {
  const scratch = '/scratch'
  const upper = { folder: '/up', work: '/work' }
  /** What overlayfs must be told in a user namespace. */
  const own = process.getuid?.() === 0 ? '' : ',userxattr'
  const cases: readonly (readonly [
    what: string,
    sandbox: Omit<Sandbox, 'scratch'>,
    words: readonly string[],
  ])[] = [
    ['one layer is read-only', { root: { layers: ['/a'] } }, ['root-ro', '/a', 'kernel']],
    [
      'several layers are an overlay, the uppermost first',
      { root: { layers: ['/a', '/b', '/c'] } },
      ['overlay', `lowerdir=/c:/b:/a${own}`, '', 'kernel'],
    ],
    [
      'changes go to the upper folder, on one layer, too',
      { root: { layers: ['/a'], upper } },
      ['overlay', `lowerdir=/a,upperdir=/up,workdir=/work${own}`, '', 'kernel'],
    ],
    [
      'paths that overlayfs would misread are escaped',
      { root: { layers: ['/a:b', '/c,d', '/e\\f'], upper: { folder: '/u,p', work: '/w:k' } } },
      ['overlay', String.raw`lowerdir=/e\\f:/c\,d:/a\:b,upperdir=/u\,p,workdir=/w\:k${own}`, '', 'kernel'],
    ],
    [
      'mounts come after the root and the kernel file systems, in order',
      {
        root: { layers: ['/a'] },
        mounts: [
          { kind: 'bind', source: '/x', target: '/run/x' },
          { kind: 'bind-ro', source: '/y', target: '/run/y' },
          { kind: 'file-ro', source: '/f', target: '/run/f' },
        ],
      },
      [
        'root-ro',
        '/a',
        'kernel',
        'bind',
        '/x',
        '/run/x',
        'bind-ro',
        '/y',
        '/run/y',
        'file-ro',
        '/f',
        '/run/f',
      ],
    ],
    [
      'a tree of one layer is bound, one of several is an overlay',
      {
        root: { layers: ['/a'] },
        mounts: [
          { kind: 'tree-ro', layers: ['/x'], target: '/run/x' },
          { kind: 'tree-ro', layers: ['/x', '/y'], target: '/run/y' },
        ],
      },
      ['root-ro', '/a', 'kernel', 'bind-ro', '/x', '/run/x', 'overlay', `lowerdir=/y:/x${own}`, '/run/y'],
    ],
  ]
  for (const [what, sandbox, words] of cases) {
    it(what, () => assert.deepEqual(sandboxDirectives({ ...sandbox, scratch }), words))
  }
})

describe('a sandbox', () => {
  it('shows its layers, the uppermost winning, and writes into the upper folder only', async (t) => {
    const { base, second, upper, sh, scratch } = makeRoot(t)
    const { stdout } = await sh('cat /etc/base /etc/both; echo changed > /etc/base; echo new > /etc/new')
    assert.equal(stdout, 'from the basefrom the second')
    assert.deepEqual(readdirSync(join(upper, 'etc')).toSorted(), ['base', 'new'])
    assert.equal(readFileSync(join(upper, 'etc/base'), 'utf8'), 'changed\n')
    assert.equal(readFileSync(join(base, 'etc/base'), 'utf8'), 'from the base')
    assert.deepEqual(readdirSync(join(second, 'etc')).toSorted(), ['both', 'second'])
    assert.deepEqual(readdirSync(scratch), [], 'a mount point is left')
  })

  it('cannot be written without an upper folder', async (t) => {
    const { base, second, sh } = makeRoot(t)
    for (const layers of [[base], [base, second]] as [string, ...string[]][]) {
      const error = await expectCode('E-TOOL-FAILED', () =>
        sh('echo x > /etc/x', { layers, writable: false }),
      )
      assert.match(error.output ?? '', /Read-only file system/)
    }
  })

  it('has a /proc, a few devices, and nothing in /tmp and /run', async (t) => {
    const { sh } = makeRoot(t)
    const script =
      'echo $$; echo x > /dev/null; : < /dev/urandom; for each in /dev/*; do echo $each; done; echo /tmp/* /run/*'
    const lines = (await sh(script)).stdout.trimEnd().split('\n')
    assert.equal(lines[0], '1')
    const devices = ['fd', 'full', 'null', 'pts', 'random', 'shm', 'tty', 'urandom', 'zero']
    assert.deepEqual(
      lines.slice(1, -1),
      devices.map((name) => `/dev/${name}`),
    )
    assert.equal(lines.at(-1), '/tmp/* /run/*')
  })

  it('has no network unless it is asked for', async (t) => {
    const { sh } = makeRoot(t)
    const { stdout } = await sh('cat /proc/net/dev')
    assert.deepEqual(
      [...stdout.matchAll(/^\s*(\S+):/gm)].map(([, name]) => name),
      ['lo'],
    )
  })

  it('has the folders and files that are bound, writable or not', async (t) => {
    const { folder, sh } = makeRoot(t)
    plant(folder, { 'in/a': 'a', 'out/kept': '', file: 'text' })
    const mounts: Mount[] = [
      { kind: 'bind-ro', source: join(folder, 'in'), target: '/run/work/in' },
      { kind: 'bind', source: join(folder, 'out'), target: '/run/work/out' },
      { kind: 'file-ro', source: join(folder, 'file'), target: '/run/work/file' },
    ]
    const { stdout } = await sh('cat /run/work/in/a /run/work/file; echo made > /run/work/out/made', {
      mounts,
    })
    assert.equal(stdout, 'atext')
    assert.equal(readFileSync(join(folder, 'out/made'), 'utf8'), 'made\n')
    for (const path of ['in/a', 'file']) {
      const error = await expectCode('E-TOOL-FAILED', () => sh(`echo x > /run/work/${path}`, { mounts }))
      assert.match(error.output ?? '', /Read-only file system/)
    }
  })

  it('works in folders with any name', async (t) => {
    const { sh } = makeRoot(t, 'a:b, c\\d')
    assert.equal((await sh('cat /etc/both')).stdout, 'from the second')
  })

  it('keeps owners, modes, hard links, capabilities and deletions for the layers above', async (t) => {
    const { base, second, upper, sh } = makeRoot(t)
    // cap_net_bind_service=ep in the form of the kernel (struct vfs_cap_data, revision 2); Node.js cannot set it.
    const [set, get] = process.arch === 'arm64' ? [5, 8] : [188, 191]
    const capability = '0100000200040000000000000000000000000000'
    const perl = `LC_ALL=C perl -e 'our ($f, $n) = ("/etc/capable", "security.capability");' -e`
    await sh(`
      echo x > /etc/file; ln /etc/file /etc/twin; ln -s file /etc/link
      chown 7:8 /etc/file; chmod 6751 /etc/file
      echo x > /etc/capable
      ${perl} 'my $v = pack("H*", "${capability}"); syscall(${set}, $f, $n, $v, 20, 0) == 0 or die $!'
      ${perl} 'unlink "/etc/second" or die $!'`)
    const { stdout } = await sh(
      `stat -c '%n %u:%g %a %h' /etc/file /etc/twin /etc/capable
      stat -c %N /etc/link
      ${perl} 'my $v = "\\0" x 64; my $l = syscall(${get}, $f, $n, $v, 64); print unpack("H*", substr($v, 0, $l)), "\\n"'
      if [ -e /etc/second ]; then echo still there; else echo gone; fi
      if [ /etc/file -ef /etc/twin ]; then echo same; fi`,
      { layers: [base, second, upper], writable: false },
    )
    assert.deepEqual(stdout.trimEnd().split('\n'), [
      '/etc/file 7:8 6751 2',
      '/etc/twin 7:8 6751 2',
      '/etc/capable 0:0 644 1',
      "'/etc/link' -> 'file'",
      capability,
      'gone',
      'same',
    ])
  })

  it('reports the program that failed, not how it was started', async (t) => {
    const { sh } = makeRoot(t)
    const error = await expectCode('E-TOOL-FAILED', () => sh('echo reason >&2; exit 3'))
    assert.equal(error.message, 'sh failed')
    assert.equal(error.output, 'reason')
  })

  it('ends with everything in it when it is interrupted', { timeout: 20_000 }, async (t) => {
    const { sh } = makeRoot(t)
    const { folder, gone } = lifeline(t)
    const controller = new AbortController()
    const mounts: Mount[] = [{ kind: 'bind', source: folder, target: '/run/lifeline' }]
    const script = 'cd /run/lifeline; exec 3> alive; cat hold & echo ready; wait'
    const onLine = () => controller.abort()
    await expectCode('E-INTERRUPTED', () => sh(script, { mounts, signal: controller.signal, onLine }))
    await gone
  })
})
