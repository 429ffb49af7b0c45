import type { Host } from '../../host/host.ts'
import { fileDigest } from '../../host/sha256sum.ts'
import { withWorkFolder } from '../../host/work-folder.ts'
import { type Answer, curl, type Failure } from '../../source/curl.ts'
import { type Address, isNear, redirectTarget, shown } from './address.ts'
import type { RemoteReason } from './problem.ts'
import type { FetchRules } from './resolve.ts'

const work = '/run/kiln/remote'
const mostRedirects = 5
/** Seconds for one address, without its redirects. */
const seconds = 30
const tries = 3
const pauseMs = 1000

export type Download =
  | { readonly ok: true; readonly text: string; readonly digest: string }
  | { readonly ok: false; readonly reason: RemoteReason; readonly detail: string }

/**
 * Fetches a text by curl. Redirects are followed one by one, each held to the same rules.
 * @param until milliseconds of the host's uptime after which nothing more is tried
 */
export function download(host: Host, address: Address, rules: FetchRules, until: number): Download {
  return withWorkFolder(host, work, (folder) => {
    let here = address
    for (let redirects = 0; redirects <= mostRedirects; redirects++) {
      const step = ask(host, here, rules, folder, until)
      if (!('location' in step)) return step
      const target = redirectTarget(here, step.location)
      if (typeof target === 'string') {
        return refused('forbidden', `is redirected to "${shown(step.location)}": ${target}`)
      }
      if (here.scheme === 'https' && target.scheme === 'http' && address.digest === undefined) {
        return refused('forbidden', `is redirected to ${shown(target.url)}, without encryption`)
      }
      here = { ...target, digest: address.digest }
    }
    return refused('unreachable', `is redirected more than ${mostRedirects} times`)
  })
}

type Step = Download | { readonly location: string }

function ask(host: Host, address: Address, rules: FetchRules, folder: string, until: number): Step {
  const isTrusted = address.authority === rules.trusted
  if (!isTrusted && isNear(address.host)) return refused('forbidden', shown(address.url))
  for (let attempt = 1; ; attempt++) {
    const left = Math.floor((until - host.uptime()) / 1000)
    if (left < 1) return refused('too-slow', 'no time is left')
    const result = fetchOnce(host, address.url, rules.bytes, folder, Math.min(seconds, left))
    const mayHelp = !result.ok && result.failure.passing && result.failure.reason !== 'truncated'
    if (mayHelp && attempt < tries && left > 1) {
      host.sleep(pauseMs)
      continue
    }
    if (!result.ok) return failure(host, result.failure, rules, folder)
    const { answer } = result
    // A name may stand for any address. A proxy's own says nothing.
    const near = answer.address !== undefined && isNear(answer.address)
    if (near && !isTrusted && !hasProxy(host, address)) {
      return refused('forbidden', `${shown(address.url)} is at ${answer.address}`)
    }
    return judge(host, answer, address, rules, folder)
  }
}

function fetchOnce(host: Host, url: string, bytes: number, folder: string, time: number) {
  // curl leaves an old file alone where an answer has no body.
  host.write(`${folder}/body`, '', { mode: 0o600 })
  return curl(host, {
    url,
    output: `${folder}/body`,
    headerFile: `${folder}/headers`,
    patience: { connect: Math.min(10, time), stall: Math.min(10, time) },
    seconds: time,
    largest: bytes,
    // A block more, so that what is exactly as large gets through.
    hardLimit: bytes + 512,
    plainHttp: true,
    follow: false,
  })
}

function judge(host: Host, answer: Answer, address: Address, rules: FetchRules, folder: string): Step {
  const { status } = answer
  if ([301, 302, 303, 307, 308].includes(status)) {
    const [location] = answer.header('location')
    if (location !== undefined) return { location }
  }
  if (status !== 200) return refused('unreachable', `the server answers ${status}`)
  const body = `${folder}/body`
  if (host.stat(body).size > rules.bytes) return tooLarge(rules)
  const digest = fileDigest(host, body)
  if (address.digest !== undefined && address.digest !== digest) {
    return refused('digest-mismatch', `it has ${digest}`)
  }
  return { ok: true, text: host.readText(body), digest }
}

/** CURLE_FILESIZE_EXCEEDED is among what does not help; what the shell's limit ended left a full file. */
function failure(host: Host, { reason, detail }: Failure, rules: FetchRules, folder: string): Download {
  const isFull = host.stat(`${folder}/body`).size > rules.bytes
  if (isFull || reason === 'digest-mismatch') return tooLarge(rules)
  if (/timed out|too slow|Timeout/i.test(detail)) return refused('too-slow', detail)
  return refused('unreachable', detail)
}

function tooLarge({ bytes }: FetchRules): Download {
  return refused('too-large', `it has more than ${bytes} bytes`)
}

function refused(reason: RemoteReason, detail: string): Extract<Download, { ok: false }> {
  return { ok: false, reason, detail }
}

function hasProxy(host: Host, { scheme }: Address): boolean {
  // http_proxy counts in lower case only: a web server sets HTTP_PROXY to what its clients say.
  const names = [`${scheme}_proxy`, 'all_proxy', 'ALL_PROXY', ...(scheme === 'https' ? ['HTTPS_PROXY'] : [])]
  return names.some((name) => (host.env(name) ?? '') !== '')
}
