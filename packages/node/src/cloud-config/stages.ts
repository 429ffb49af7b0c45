import type { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import type { ActionStage, NodeStage } from '@kiln/contract/cloud-config/schema/stage-names'
import type { UserConfig } from '@kiln/contract/cloud-config/schema/user'
import { agentSteps, growSteps } from './agent-steps.ts'
import { isRemoteKey } from './modules/authorized-keys.ts'
import type { StepWish } from './modules/index.ts'
import type { NamedUser } from './operations/operation.ts'

export type AnyStage = NodeStage | ActionStage
export type StageName = AnyStage | `${AnyStage}.before` | `${AnyStage}.after`

/** A step where it stands. */
export interface StepHere {
  readonly step: StepWish
  /** In the document. */
  readonly path: readonly (string | number)[]
}

/** A stage with what surrounds it, in the order in which they run. */
export function phasesOf(stage: AnyStage): readonly StageName[] {
  return [`${stage}.before`, stage, `${stage}.after`]
}

/**
 * The steps of one stage that a cloud-config asks for. What cloud-init calls by other names comes first, users before
 * files and commands: the other way round a file below /home would make a home that belongs to root.
 */
export function stepsOf(config: CloudConfig, stage: StageName): StepHere[] {
  const own = config.stages?.[stage] ?? []
  return [
    ...cloudInitSteps(config, stage),
    ...own.map(({ users, ...step }, index) => ({
      step: { ...step, users: users && usersByName(users) },
      path: ['stages', stage, index],
    })),
  ]
}

function cloudInitSteps(config: CloudConfig, stage: StageName): StepHere[] {
  const { hostname, write_files: files, runcmd, ssh_authorized_keys: general } = config
  const users = namedUsers(config)
  if (stage === 'initramfs') {
    return [
      ...(hostname === undefined ? [] : [{ step: { name: 'hostname', hostname }, path: ['hostname'] }]),
      ...(config.install?.ssh_hardening ? [hardening] : []),
    ]
  }
  if (stage === 'network') return remoteKeys(config, users)
  if (stage === 'network.after') return agentSteps(config)
  if (stage !== 'boot') return []
  const steps: StepHere[] = []
  if (users.length > 0)
    steps.push({ step: { name: 'users', users: users.map(withoutRemoteKeys) }, path: ['users'] })
  const rootKeys = users.length > 0 ? [] : (general ?? []).filter((key) => !isRemoteKey(key))
  if (rootKeys.length > 0) {
    const step = { name: 'ssh_authorized_keys', authorized_keys: { root: rootKeys } }
    steps.push({ step, path: ['ssh_authorized_keys'] })
  }
  if (files) {
    const step = {
      name: 'write_files',
      files: files.map(({ owner, ...file }) => ({ ...file, ownerstring: owner })),
    }
    steps.push({ step, path: ['write_files'] })
  }
  if (runcmd) steps.push({ step: { name: 'runcmd', commands: runcmd }, path: ['runcmd'] })
  return [...steps, ...growSteps(config)]
}

/** `install.ssh_hardening`: keys only. sshd takes the first value it finds, and reads these files first. */
const hardening: StepHere = {
  step: {
    name: 'ssh_hardening',
    files: [
      {
        path: '/etc/ssh/sshd_config.d/10-kiln-hardening.conf',
        content: `# Because of install.ssh_hardening in the cloud-config.
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
PermitRootLogin prohibit-password
MaxAuthTries 3
X11Forwarding no
`,
        permissions: 0o600,
      },
    ],
  },
  path: ['install', 'ssh_hardening'],
}

/** The general keys belong to every user. */
function namedUsers(config: CloudConfig): NamedUser[] {
  const general = config.ssh_authorized_keys ?? []
  return (config.users ?? []).map((user) => ({
    ...user,
    name: user.name ?? '',
    ssh_authorized_keys: [...(user.ssh_authorized_keys ?? []), ...general],
  }))
}

function withoutRemoteKeys(user: NamedUser): NamedUser {
  return { ...user, ssh_authorized_keys: (user.ssh_authorized_keys ?? []).filter((key) => !isRemoteKey(key)) }
}

/** Keys that have to be fetched come with the network, as in the field. */
function remoteKeys(config: CloudConfig, users: readonly NamedUser[]): StepHere[] {
  const owners =
    users.length > 0 ? users : [{ name: 'root', ssh_authorized_keys: config.ssh_authorized_keys }]
  const keys = owners.flatMap(({ name, ssh_authorized_keys: all = [] }) => {
    const remote = all.filter(isRemoteKey)
    return remote.length > 0 ? [[name, remote] as const] : []
  })
  if (keys.length === 0) return []
  return [{ step: { name: 'authorized_keys', authorized_keys: Object.fromEntries(keys) }, path: ['users'] }]
}

/** Sorted by name, so that the same users get the same ids on every machine. */
function usersByName(users: Readonly<Record<string, UserConfig>>): NamedUser[] {
  return Object.entries(users)
    .map(([name, user]) => ({ ...user, name }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
