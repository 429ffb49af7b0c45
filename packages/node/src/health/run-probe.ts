import { readRecords } from '../cloud-config/records.ts'
import { type Host, HostError, type RunResult } from '../host/host.ts'
import { exists, readIfThere } from '../host/tree.ts'
import type { Probe } from './probes.ts'

const programTimeoutMs = 30_000
const networkSeconds = '5'

type ProbeOf<K extends Probe['kind']> = Extract<Probe, { readonly kind: K }>

/** What is wrong; undefined where nothing is. */
export type Finding = string | undefined

/** One function for each kind of probe; a kind without one does not compile. */
const runners: { readonly [K in Probe['kind']]: (probe: ProbeOf<K>, host: Host) => Finding } = {
  unit: ({ unit }, host) => {
    const { stdout } = host.run(['systemctl', 'is-active', unit], { timeoutMs: programTimeoutMs })
    const state = stdout.trim()
    return state === 'active' ? undefined : `is ${state || 'unknown'}`
  },
  mount: ({ path }, host) => {
    const mounts = (readIfThere(host, '/proc/self/mounts') ?? '').split('\n')
    return mounts.some((line) => line.split(' ')[1] === path) ? undefined : 'nothing is mounted there'
  },
  command: ({ command }, host) =>
    ended(host.run(['/bin/sh', '-c', command], { timeoutMs: programTimeoutMs })),
  tcp: ({ address }, host) => {
    // Whatever answers there: the time until the connection was made is 0 where none was made.
    const options = ['--silent', '--output', '/dev/null', '--write-out', '%{time_connect}'] as const
    const { stdout } = host.run(['curl', ...options, ...limits, `http://${address}/`])
    return Number(stdout) > 0 ? undefined : 'takes no connection'
  },
  http: ({ url, status, insecure }, host) => {
    const options = [
      '--silent',
      '--show-error',
      '--output',
      '/dev/null',
      '--write-out',
      '%{http_code}',
    ] as const
    const { code, stdout, stderr } = host.run([
      ...(['curl', ...options, ...limits] as const),
      ...(insecure ? ['--insecure'] : []),
      url,
    ])
    // What follows the first line is advice of curl's.
    if (code !== 0) return stderr.trim().split('\n')[0] || `curl ended with ${code}`
    const answer = Number(stdout)
    const isExpected = status === undefined ? answer < 400 : answer === status
    return isExpected ? undefined : `answers ${answer}`
  },
  kubernetes: (_probe, host) => kubernetesNode(host),
  stages: (_probe, host) => {
    const failed = readRecords(host).filter(({ unhealthy }) => unhealthy)
    const texts = failed.map(
      ({ stage, step, errors }) => `step ${step} of ${stage} failed: ${errors.join('; ')}`,
    )
    return texts.length === 0 ? undefined : texts.join('; ')
  },
}

const limits = ['--connect-timeout', networkSeconds, '--max-time', networkSeconds] as const

/** Never throws for what is wrong with the system. */
export function runProbe(host: Host, probe: Probe): Finding {
  try {
    const runner = runners[probe.kind] as (probe: Probe, host: Host) => Finding
    return runner(probe, host)
  } catch (error) {
    if (error instanceof HostError) return error.message
    throw error
  }
}

function ended({ code, stdout, stderr }: RunResult): Finding {
  if (code === 0) return undefined
  const said = `${stdout}${stderr}`.trim().split('\n').at(-1) ?? ''
  return `ended with ${code}${said === '' ? '' : `: ${said}`}`
}

/** Programs that speak to a cluster, as distributions of Kubernetes bring them. */
const clients = [['k3s', 'kubectl'], ['k0s', 'kubectl'], ['kubectl']] as const
/** What a kubelet may see is enough, and every node has it. */
const credentials = [
  '/var/lib/rancher/k3s/agent/kubelet.kubeconfig',
  '/var/lib/k0s/kubelet.conf',
  '/etc/kubernetes/kubelet.conf',
  '/etc/rancher/k3s/k3s.yaml',
  '/var/lib/k0s/pki/admin.conf',
]
const programFolders = ['/usr/local/bin', '/usr/bin', '/opt/bin', '/usr/sbin']

function kubernetesNode(host: Host): Finding {
  const client = clients.find(([program]) =>
    programFolders.some((folder) => exists(host, `${folder}/${program}`)),
  )
  if (!client) return 'there is no kubectl, k3s or k0s'
  const config = credentials.find((path) => exists(host, path))
  if (config === undefined) return 'there are no credentials of a kubelet yet'
  const name = host.readText('/proc/sys/kernel/hostname').trim().toLowerCase()
  const ready = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
  const { code, stdout, stderr } = host.run(
    [...client, '--kubeconfig', config, 'get', 'node', name, '--output', ready],
    { timeoutMs: programTimeoutMs },
  )
  if (code !== 0) return stderr.trim().split('\n').at(-1) || `${client[0]} ended with ${code}`
  return stdout.trim() === 'True' ? undefined : `node ${name} is not ready`
}
