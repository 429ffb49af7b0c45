import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { exitCodes, type Payload } from '@kiln/contract'
import { type Machine, startMachine } from '@kiln/factory/boot/machine'
import { run } from '@kiln/factory/tools/process'
import { type Guest, runInGuest } from '@kiln/factory/tools/ssh'
import { type AdverseRegistry, startAdverseRegistry, type Way } from './adverse-registry.ts'
import { adversities, state } from './adversities.ts'
import { findPayload } from './forged-payload.ts'
import { bootTimeoutMs, freshFolder, waitForLogin } from './harness.ts'
import {
  buildNode,
  inGuest,
  type NodeLogin,
  nodeLogin,
  overlayDisk,
  stateOf,
  writeNodeDefinition,
} from './node-harness.ts'
import { nodeRegistry, pushNode } from './node-registry.ts'

const [running, next, last] = ['v1.0.0', 'v1.1.0', 'v1.2.0'] as const
const tag = (version: string) => `13-core-amd64-generic-${version}`
const gateway = '10.0.2.2'
const authority = '/etc/kiln/test-authority.crt'

/** As if it had crashed. What fetches for it has to end with it. */
const killUpgrade = `for process in /proc/[0-9]*; do
  [ "$(cat "$process/comm" || true)" != kiln-agent ] || kill -KILL "\${process#/proc/}"
done`

describe('an upgrade that meets', () => {
  let adverse: AdverseRegistry
  let machine: Machine
  let guest: Guest
  let payload: Payload
  let untouched: string

  before(async () => {
    const folder = await freshFolder()
    const login = await nodeLogin(folder)
    const registry = await nodeRegistry(folder)
    const tls = await certificate(folder)
    adverse = await startAdverseRegistry({ registry: registry.host, tls })
    const raw = await images(folder, login, registry, tls.cert)
    payload = (await findPayload(`http://${registry.host}/v2/kiln/debian`, tag(next))).card
    const disk = await overlayDisk(raw, join(folder, 'node.qcow2'), 6)
    machine = await startMachine({ firmware: 'uefi', disks: [{ file: disk }], sshPort: 'auto' })
    guest = await waitForLogin(machine, login)
    untouched = await whatStarts()
  })

  after(async () => {
    await machine?.stop()
    await adverse?.stop()
  })

  for (const { what, way, tls = false, before: make, after: undo, reason, exit } of adversities) {
    test(what, async () => {
      if (make) await asRoot(make)
      const failure = await upgrade(reference(way, next, tls))
      if (undo) await asRoot(undo)
      assert.deepEqual([failure.reason, failure.exit], [reason, exitCodes[exit]], failure.message)
      assert.ok(failure.advice)
      assert.equal(await whatStarts(), untouched)
      assert.doesNotMatch(await inGuest(guest, 'sudo kiln-agent upgrade status'), /^begun/)
      assert.deepEqual((await stateOf(guest)).problems, [])
    })
  }

  test('health probes that look at what is really there', async () => {
    const pages = `http://${fromGuest(adverse.host)}/v2`
    const sound = {
      units: ['ssh.service'],
      mounts: ['/usr/local'],
      command: ['test -e /etc/kiln-test'],
      tcp: ['localhost:22'],
      http: [
        `${pages}/honest/`,
        { url: `https://${fromGuest(adverse.tlsHost)}/v2/locked/`, status: 401, insecure: true },
      ],
    }
    assert.equal(await findings(sound), 'healthy')
    const sick = {
      units: ['nothing.service'],
      mounts: ['/nowhere'],
      command: ['echo no >&2; exit 3'],
      tcp: ['localhost:1'],
      http: [`${pages}/locked/`, `https://${fromGuest(adverse.tlsHost)}/v2/honest/`],
      kubernetes: true,
    }
    const found = (await findings(sick)).split('\n')
    for (const expected of [
      /^unit nothing\.service is /,
      /^mount \/nowhere nothing is mounted there$/,
      /^command "echo no .* ended with 3: no$/,
      /^tcp localhost:1 takes no connection$/,
      /^http http:.*\/locked\/ answers 401$/,
      /^http https:.*certificate/,
      /^kubernetes node there is no /,
    ]) {
      assert.ok(
        found.some((line) => expected.test(line)),
        `${expected} in ${found.join('\n')}`,
      )
    }
    assert.equal(found.length, 7)
  })

  test('another upgrade, is refused; and one that was killed goes on where it was', async () => {
    const whole = blobBytes(payload)
    adverse.limit(Math.floor(whole * 0.6))
    const started = runInGuest(guest, `sudo kiln-agent upgrade ${reference('breaking', next)}`, {
      okCodes: [0, 1, 137, 255],
    })
    await until(() => adverse.sent() > whole * 0.55)
    const second = await upgrade(reference('honest', last))
    assert.deepEqual([second.reason, second.exit], ['busy', exitCodes.environment], second.message)
    assert.match(second.message, /upgrade to oci:/)
    assert.match(await inGuest(guest, 'sudo kiln-agent upgrade status'), /begun at .* phase fetch/)
    await asRoot(killUpgrade)
    await started
    assert.equal(await whatStarts(), untouched)
    adverse.limit(Number.POSITIVE_INFINITY)
    const before = adverse.asked().length
    await inGuest(guest, `sudo kiln-agent upgrade ${reference('breaking', next)}`)
    for (const [path, asked] of Map.groupBy(adverse.asked(), (each) => each.path)) {
      const froms = asked.map(({ from }) => from)
      assert.deepEqual(
        froms,
        froms.toSorted((a, b) => a - b),
        `${path} is asked for from where it was`,
      )
    }
    const [cut, ...after] = adverse.asked().slice(before - 1)
    const goesOn = after.find(({ path }) => path === cut?.path)
    assert.ok(goesOn && goesOn.from > 0, `after the kill it began with ${JSON.stringify(after)}`)
  })

  test('one that was not started yet, takes its place; and it can be taken back', async () => {
    await inGuest(guest, `sudo kiln-agent upgrade ${reference('honest', last, true)}`)
    const { generations = [] } = await stateOf(guest)
    const states = generations.map(({ number, status }) => `${number} ${status}`)
    assert.deepEqual(states.toSorted(), ['1 good', '3 armed'])
    await inGuest(guest, 'sudo kiln-agent upgrade abort')
    assert.equal(await whatStarts(), untouched)
  })

  function reference(way: Way, version: string, tls = false): string {
    return `oci:${fromGuest(tls ? adverse.tlsHost : adverse.host)}/${way}/kiln/debian:${tag(version)}`
  }

  async function upgrade(from: string) {
    const command = `sudo kiln-agent upgrade --json ${from}`
    const { code, stdout, stderr } = await runInGuest(guest, command, { okCodes: Object.values(exitCodes) })
    const { error } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as {
      readonly error?: { readonly reason: string; readonly message: string; readonly advice?: string }
    }
    assert.ok(error, `it did not fail: ${stdout}${stderr}`)
    return { ...error, exit: code }
  }

  /** Generations, slots, each file of the EFI partition with its size, and what systemd-boot goes by, to the byte. */
  async function whatStarts(): Promise<string> {
    const look = [
      `ls ${state}/slots`,
      'mkdir -p /run/look',
      'mount -o ro /dev/disk/by-label/COS_GRUB /run/look',
      "cd /run/look; find . -type f -printf '%p %s\\n' | sort; find loader -type f | sort | xargs sha256sum; cd /",
      'umount /run/look',
    ]
    const files = await asRoot(look.join('\n'))
    const { mode, generation, generations = [] } = await stateOf(guest)
    const known = generations.filter(({ status }) => status !== 'bad')
    return `${mode} ${generation} ${known.map(({ number, status }) => `${number} ${status}`)}\n${files}`
  }

  async function findings(health: object): Promise<string> {
    const file = '/oem/95_test.yaml'
    await asRoot(`cat > ${file} <<'END'\n#cloud-config\n${JSON.stringify({ kiln: { health } })}\nEND`)
    const { stdout } = await runInGuest(guest, 'sudo kiln-agent health --check', { okCodes: [0, 1] })
    await asRoot(`rm ${file}`)
    return stdout.trim()
  }

  function asRoot(script: string): Promise<string> {
    return runInGuest(guest, 'sudo sh -eu', { input: script }).then(({ stdout }) => stdout)
  }

  /** The running system, and two newer ones in the registry. @returns the disk image */
  async function images(
    folder: string,
    login: NodeLogin,
    registry: Awaited<ReturnType<typeof nodeRegistry>>,
    cert: string,
  ): Promise<string> {
    const [plain, secure] = [fromGuest(adverse.host), fromGuest(adverse.tlsHost)]
    const config = {
      kiln: { registries: { [plain]: { 'plain-http': true }, [secure]: { ca: authority } } },
    }
    const auth = { auths: { [plain]: { auth: Buffer.from('someone:expired').toString('base64') } } }
    const files = { [authority]: cert, '/etc/kiln/registry-auth.json': JSON.stringify(auth) }
    const definitions = await Promise.all(
      [running, next, last].map((version) =>
        writeNodeDefinition(folder, { version, artifacts: ['raw'], config, files }, login),
      ),
    )
    const [disk = '', ...newer] = definitions
    for (const definition of newer) await pushNode(registry, definition)
    return (await buildNode(disk)).raw ?? ''
  }
})

function fromGuest(host: string): string {
  return host.replace('127.0.0.1', gateway)
}

/** Of an authority that vouches for itself, and for the address by which a guest reaches this machine. */
async function certificate(folder: string): Promise<{ readonly cert: string; readonly key: string }> {
  const [cert, key] = [join(folder, 'authority.crt'), join(folder, 'authority.key')]
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-keyout', key, '-out', cert, '-subj', '/CN=kiln-test', '-addext', `subjectAltName=IP:${gateway}`],
  ])
  return { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') }
}

/** What one upgrade has to fetch, without its payload.json. */
function blobBytes({ root, uki, kernel, initramfs, packages, bootLoader }: Payload): number {
  const files = [root, uki, kernel, initramfs, packages, ...bootLoader.files]
  return files.reduce((sum, { size }) => sum + size, 0)
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + bootTimeoutMs
  while (!condition()) {
    assert.ok(performance.now() < end, 'it never came')
    await setTimeout(100)
  }
}
