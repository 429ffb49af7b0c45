import { randomBytes } from 'node:crypto'
import { KilnError, memoryRoot } from '@kiln/contract'
import type { Emit } from '../../events.ts'
import { cpioAround } from '../../payload/cpio.ts'
import type { Answer, Handler, ServeRequest } from '../http.ts'
import { claim, initialStates, type MachineStates, type Phase, progress, release } from './claims.ts'
import { findMachine, type Inventory, type Machine, renderConfig } from './inventory.ts'
import { choosePayload, type NetbootPayload } from './payloads.ts'
import { bootScript, introduceScript, localScript, refuseScript } from './script.ts'

export interface NetbootOptions {
  readonly inventory: Inventory
  readonly payloads: readonly NetbootPayload[]
  readonly emit: Emit
  /** `https` where the server has a certificate. */
  readonly scheme: 'http' | 'https'
  /** Who has what, from before; and where it is kept. */
  readonly states?: MachineStates
  readonly keep?: (states: MachineStates) => Promise<void>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface Netboot {
  /** What firmware asks for. It has no token to show; what is secret has an address that nobody can guess. */
  readonly open: Handler
  /** For controllers. */
  readonly guarded: Handler
}

/** An address with a cloud-config is good for so long: a machine fetches it within minutes. */
const configMs = 3_600_000

/** @throws KilnError E-CONFIG-BAD-VALUE where a machine's image is not there */
export function openNetboot(options: NetbootOptions): Netboot {
  const { inventory, payloads, emit, now } = options
  const chosen = new Map(
    inventory.machines
      .filter((machine) => machine.action === 'boot')
      .map((machine) => [machine.name, choosePayload(payloads, machine.image)]),
  )
  const names = inventory.machines.map(({ name }) => name)
  let states: MachineStates = new Map([...initialStates(names), ...(options.states ?? [])])
  const configs = new Map<string, { readonly machine: Machine; readonly until: number }>()

  const note = (machine: string, phase: Phase, from: string) => {
    states = progress(states, machine, phase, { from, now: now() })
    emit({ event: 'machine', machine, phase, from })
  }

  const script = (request: ServeRequest): string => {
    const { query, from } = request
    const word = (name: string) => query.get(name) ?? ''
    const machine = findMachine(inventory, { mac: word('mac'), uuid: word('uuid'), serial: word('serial') })
    if (!machine) {
      return inventory.unknown === 'local'
        ? localScript
        : refuseScript('this machine is not in the inventory')
    }
    note(machine.name, 'script', from)
    const payload = chosen.get(machine.name)
    if (!payload) return localScript
    const base = baseOf(request, options.scheme)
    const at = (file: string) => `${base}/netboot/files/${machine.name}/${payload.id}/${file}`
    const files = { kernel: at('kernel'), initramfs: at('initramfs'), root: at('root') }
    const config = machine['cloud-config'] === undefined ? [] : [`config_url=${base}${newConfig(machine)}`]
    return bootScript(files, payload.card.cmdline, [...config, ...machine.cmdline])
  }

  const newConfig = (machine: Machine): string => {
    for (const [token, { until }] of configs) if (until < now()) configs.delete(token)
    const token = randomBytes(32).toString('base64url')
    configs.set(token, { machine, until: now() + configMs })
    return `/netboot/config/${token}`
  }

  const config = (token: string, { from }: ServeRequest): Answer => {
    const shown = '/netboot/config/…'
    const found = configs.get(token)
    if (!found || found.until < now()) return { status: 404, shown }
    note(found.machine.name, 'config', from)
    const body = renderConfig(found.machine, inventory.folder) ?? ''
    return { ...text(body, 'text/yaml'), shown }
  }

  const file = (machine: string, id: string, name: string, from: string): Answer => {
    const payload = payloads.find((each) => each.id === id)
    const answer = payload && states.has(machine) ? payloadFile(payload, name) : undefined
    if (!answer) return { status: 404 }
    note(machine, name as Phase, from)
    return answer
  }

  return {
    open: (request) => {
      const { path, method, from } = request
      if (!path.startsWith('/netboot/') || (method !== 'GET' && method !== 'HEAD')) return undefined
      if (path === '/netboot/boot.ipxe') return text(introduceScript(baseOf(request, options.scheme)))
      if (path === '/netboot/machine.ipxe') return text(script(request))
      const [, token] = path.match(/^\/netboot\/config\/([\w-]+)$/) ?? []
      if (token !== undefined) return config(token, request)
      const [, machine, id = '', name = ''] =
        path.match(/^\/netboot\/files\/([a-z0-9-]+)\/([0-9a-f]{64})\/(kernel|initramfs|root)$/) ?? []
      return machine === undefined ? undefined : file(machine, id, name, from)
    },
    guarded: claimsHandler({
      read: () => states,
      /** At once, so that nobody comes between looking and taking; then on the disk, before it is told. */
      async write(next) {
        states = next
        await options.keep?.(next)
      },
    }),
  }
}

interface StateCell {
  read(): MachineStates
  write(next: MachineStates): Promise<void>
}

function claimsHandler(cell: StateCell): Handler {
  return async (request) => {
    const { path, method } = request
    if (path === '/netboot/machines' && method === 'GET') {
      return json(
        200,
        [...cell.read()].map(([name, state]) => ({ name, ...state })),
      )
    }
    if (path !== '/netboot/claims') return undefined
    if (method !== 'POST' && method !== 'DELETE') return { status: 405, headers: { allow: 'POST, DELETE' } }
    const { controller, machine } = readClaim(await request.body())
    if (controller === undefined) return failure(400, 'BAD_CLAIM', 'a claim names its controller')
    return method === 'POST' ? take(cell, controller, machine) : giveBack(cell, controller, machine ?? '')
  }
}

async function take(cell: StateCell, controller: string, machine: string | undefined): Promise<Answer> {
  const result = claim(cell.read(), controller, machine)
  switch (result.kind) {
    case 'unknown':
      return failure(404, 'UNKNOWN', `there is no machine ${machine}`)
    case 'taken':
      return failure(409, 'NO_CAPACITY', 'no machine is free')
    case 'kept':
      return json(200, { machine: result.machine })
    case 'claimed':
      await cell.write(result.states)
      return json(201, { machine: result.machine })
  }
}

async function giveBack(cell: StateCell, controller: string, machine: string): Promise<Answer> {
  const released = release(cell.read(), controller, machine)
  if (released) await cell.write(released)
  return json(200, { released: released !== undefined })
}

/** The file itself; the root image as an archive, which the kernel unpacks beside the initramfs. */
function payloadFile({ card, files }: NetbootPayload, name: string): Answer | undefined {
  const wanted = { kernel: card.kernel.file, initramfs: card.initramfs.file, root: card.root.file }[name]
  const found = wanted === undefined ? undefined : files.get(wanted)
  if (!found) return undefined
  const headers = { 'content-type': 'application/octet-stream' }
  if (name !== 'root') return { status: 200, headers, body: { file: found.file, size: found.size } }
  const { before, after } = cpioAround(memoryRoot.slice(1), found.size)
  return { status: 200, headers, body: { parts: [before, { file: found.file, size: found.size }, after] } }
}

/** The address by which the machine reached us is the one that it can reach. */
function baseOf({ headers }: ServeRequest, scheme: string): string {
  const host = headers.host?.toString() ?? ''
  if (/^(?:[\w.-]+|\[[0-9a-fA-F:]+\])(?::\d+)?$/.test(host)) return `${scheme}://${host}`
  throw new KilnError('E-BUG', 'a request without a host')
}

function readClaim(body: string): { readonly controller?: string; readonly machine?: string } {
  try {
    const { controller, machine } = JSON.parse(body) as Record<string, unknown>
    return {
      ...(typeof controller === 'string' && controller !== '' ? { controller } : {}),
      ...(typeof machine === 'string' ? { machine } : {}),
    }
  } catch {
    return {}
  }
}

function text(body: string, type = 'text/plain'): Answer {
  return { status: 200, headers: { 'content-type': type, 'cache-control': 'no-store' }, body }
}

function json(status: number, content: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) }
}

function failure(status: number, code: string, message: string): Answer {
  return json(status, { errors: [{ code, message }] })
}
