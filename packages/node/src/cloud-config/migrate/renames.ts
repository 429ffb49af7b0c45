import { deprecated } from '@kiln/contract/cloud-config/deprecated'

/**
 * Names that the field or cloud-init had once, or that people write by mistake, and what is meant. `*` stands for any key or
 * number.
 */
export const renames: readonly (readonly [path: string, old: string, meant: string])[] = [
  ...deprecated,
  ['', 'milpa_files', 'write_files'],
  ['', 'k3s_agent', 'k3s-agent'],
  ['', 'k0s_worker', 'k0s-worker'],
  ['', 'cloud_init_paths', 'cloud-init-paths'],
  ['', 'ssh-authorized-keys', 'ssh_authorized_keys'],
  ['install', 'extra_partitions', 'extra-partitions'],
  ['install', 'allow_insecure_registries', 'allow-insecure-registries'],
  ['p2p.vpn', 'vpn', 'create'],
  ['kubevip', 'enabled', 'enable'],
  ['k3s', 'enable', 'enabled'],
  ['k3s-agent', 'enable', 'enabled'],
  ['k0s', 'enable', 'enabled'],
  ['k0s-worker', 'enable', 'enabled'],
  ...['users.*', 'stages.*.*.users.*'].flatMap((user): [string, string, string][] => [
    [user, 'lockPasswd', 'lock_passwd'],
    [user, 'lock-passwd', 'lock_passwd'],
    [user, 'password', 'passwd'],
    [user, 'ssh-authorized-keys', 'ssh_authorized_keys'],
    [user, 'ssh_keys', 'ssh_authorized_keys'],
    [user, 'home', 'homedir'],
    [user, 'primary-group', 'primary_group'],
  ]),
  ['stages.*.*', 'command', 'commands'],
  ['stages.*.*', 'file', 'files'],
]

/** Keys that the field's schema has and nothing reads. */
export const dead: readonly string[] = ['platform', 'fullcloudconfig']

export function matchesPath(pattern: string, path: readonly PropertyKey[]): boolean {
  const parts = pattern === '' ? [] : pattern.split('.')
  return (
    parts.length === path.length && parts.every((part, index) => part === '*' || part === String(path[index]))
  )
}
