import type { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import type { UserConfig } from '@kiln/contract/cloud-config/schema/user'

/** Members may become root: `admin` is the field's, the others those of the distributions. */
const adminGroups: readonly string[] = ['admin', 'sudo', 'wheel']

/** A user that the cloud-configs make. */
export interface PlannedUser {
  readonly name: string
  readonly isAdmin: boolean
  /** A password or a key comes with the user. */
  readonly canLogIn: boolean
}

/** All users that cloud-configs make, in whatever stage; parts of the same user are taken together. */
export function plannedUsers(configs: readonly CloudConfig[]): PlannedUser[] {
  const parts = configs.flatMap((config) => [
    ...(config.users ?? []).map((user) => part(user.name ?? '', user, config.ssh_authorized_keys)),
    ...Object.values(config.stages ?? {}).flatMap((steps) =>
      (steps ?? []).flatMap(({ users = {}, authorized_keys: keys = {} }) => [
        ...Object.entries(users).map(([name, user]) => part(name, user)),
        ...Object.entries(keys).map(([name, list]) => part(name, { ssh_authorized_keys: list })),
      ]),
    ),
  ])
  const names = [...new Set(parts.map(({ name }) => name))]
  return names.map((name) => {
    const same = parts.filter((each) => each.name === name)
    return {
      name,
      isAdmin: same.some(({ isAdmin }) => isAdmin),
      canLogIn: same.some(({ canLogIn }) => canLogIn),
    }
  })
}

function part(name: string, user: UserConfig, moreKeys: readonly string[] = []): PlannedUser {
  const groups = typeof user.groups === 'string' ? user.groups.split(',') : (user.groups ?? [])
  const all = [...groups, user.primary_group ?? ''].map((group) => group.trim())
  const hasPassword = /^\$/.test(user.passwd ?? '') && user.lock_passwd !== true
  return {
    name,
    isAdmin: all.some((group) => adminGroups.includes(group)),
    canLogIn: hasPassword || (user.ssh_authorized_keys ?? []).length > 0 || moreKeys.length > 0,
  }
}
