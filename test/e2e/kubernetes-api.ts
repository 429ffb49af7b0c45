import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'

export interface KubernetesApi {
  readonly url: string
  /** Status of the condition Ready of each node that is registered. */
  readonly nodes: Map<string, 'True' | 'False' | 'Unknown'>
  stop(): Promise<void>
}

export interface ApiKeys {
  readonly cert: string
  readonly key: string
  /** Of the authority that vouches for kubelets. */
  readonly ca: string
}

/**
 * As much of a Kubernetes API server as `kubectl get node` asks: discovery, and nodes by name, each only for its own kubelet
 * (client certificate `system:node:<name>`, as the Node authorizer has it). Shapes: Kubernetes API v1, `Status`,
 * `APIResourceList`, `Node`.
 */
export async function startKubernetesApi(keys: ApiKeys): Promise<KubernetesApi> {
  const nodes: KubernetesApi['nodes'] = new Map()
  const server = createServer(
    { ...keys, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const socket = request.socket as TLSSocket
      const user = socket.authorized ? String(socket.getPeerCertificate().subject?.CN) : undefined
      const { pathname } = new URL(request.url ?? '/', 'https://localhost')
      const { code, body } = answer(pathname, user, nodes)
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    },
  )
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    nodes,
    stop: () => {
      server.closeAllConnections()
      return new Promise((resolve) => void server.close(() => resolve()))
    },
  }
}

interface ApiAnswer {
  readonly code: number
  readonly body: object
}

const verbs = ['get', 'list', 'watch']

function answer(path: string, user: string | undefined, nodes: KubernetesApi['nodes']): ApiAnswer {
  if (user === undefined) return refusal(401, 'Unauthorized', 'Unauthorized')
  if (path === '/api') return found({ kind: 'APIVersions', versions: ['v1'] })
  if (path === '/apis') return found({ kind: 'APIGroupList', apiVersion: 'v1', groups: [] })
  if (path === '/api/v1') {
    const node = { name: 'nodes', singularName: 'node', namespaced: false, kind: 'Node', shortNames: ['no'] }
    return found({ kind: 'APIResourceList', groupVersion: 'v1', resources: [{ ...node, verbs }] })
  }
  const [, name] = path.match(/^\/api\/v1\/nodes\/([^/]+)$/) ?? []
  if (name === undefined) return refusal(404, 'NotFound', 'the server could not find the requested resource')
  if (user !== `system:node:${name}`) {
    const detail = `nodes "${name}" is forbidden: User "${user}" cannot get resource "nodes" in API group "" at the cluster scope`
    return refusal(403, 'Forbidden', detail)
  }
  const ready = nodes.get(name)
  if (ready === undefined) return refusal(404, 'NotFound', `nodes "${name}" not found`)
  const conditions = [
    { type: 'MemoryPressure', status: 'False' },
    { type: 'Ready', status: ready },
  ]
  return found({ kind: 'Node', apiVersion: 'v1', metadata: { name }, status: { conditions } })
}

function found(body: object): ApiAnswer {
  return { code: 200, body }
}

function refusal(code: number, reason: string, message: string): ApiAnswer {
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code }
  return { code, body }
}
