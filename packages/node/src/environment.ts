import type { Host } from './host/host.ts'

/** `NAME=VALUE`, as cloud-configs have variables. */
export function assignments(env: readonly string[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(
    env.map((text) => {
      const at = text.indexOf('=')
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

/** A host whose programs have these variables. */
export function withEnvironment(host: Host, env: Readonly<Record<string, string>>): Host {
  return {
    ...host,
    run: (argv, options = {}) => host.run(argv, { ...options, env: { ...env, ...options.env } }),
  }
}
