/**
 * Arguments for unshare(1): namespaces of its own for a program, so that its mounts and children end with it. Root needs
 * no user namespace; other users become root in one, with their subordinate ids (/etc/subuid, /etc/subgid).
 */
export function unshareArguments(options: { readonly network: boolean }, uid = process.getuid?.()): string[] {
  return [
    ...(uid === 0 ? [] : ['--user', '--map-root-user', '--map-auto']),
    ...['--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child'],
    ...(options.network ? [] : ['--net']),
  ]
}

/** What unshare says where the machine does not let it. */
export function unshareRefusal(output: string): string | undefined {
  return output.match(/^unshare: (.*(?:not permitted|denied|failed).*)$/m)?.[1]
}

/**
 * The same as a command for setpriv(1): when Kiln itself is killed, the kernel ends unshare, and that ends all within.
 * Used as `run('setpriv', [...isolated({ network: false }), program, …])`.
 */
export function isolated(options: { readonly network: boolean }): string[] {
  return ['--pdeathsig', 'KILL', 'unshare', ...unshareArguments(options)]
}
