import type { Host } from '../../host/host.ts'
import { withWorkFolder } from '../../host/work-folder.ts'
import { type CurlResult, curl, isPassing } from '../../source/curl.ts'
import type { CurlRequest } from '../../source/curl-config.ts'
import type { Ask, Question } from './ask.ts'
import { DataSourceError } from './source-error.ts'

const work = '/run/kiln/ask'
/** No platform gives more user data than that. */
const largestAnswer = 1024 * 1024
/** Seconds for one question; a service on the own host answers at once. */
const questionSeconds = 5
const tries = 3
const pauseMs = 500

/** Addresses that only the own host or switch answers: no proxy is on the way to them. */
const ownNetwork = /^http:\/\/(169\.254\.\d+\.\d+|168\.63\.129\.16)(?=[:/])/

/**
 * Asks by curl. A redirect is not followed: no metadata service sends one, and who does leads to somebody else.
 * @param until milliseconds of the host's uptime after which nothing more is asked
 */
export function curlAsk(host: Host, until: number): Ask {
  return (question) =>
    withWorkFolder(host, work, (folder) => {
      const body = `${folder}/body`
      const { answer } = untilAnswered(host, question, folder, until)
      const bytes = host.readBytes(body, 0, host.stat(body).size)
      return { status: answer.status, bytes, text: host.readText(body) }
    })
}

/** Tries again where that may help. @throws DataSourceError no-answer */
function untilAnswered(host: Host, question: Question, folder: string, until: number) {
  for (let attempt = 1; ; attempt++) {
    const result = once(host, question, folder, until)
    const last = attempt >= tries || host.uptime() + pauseMs * attempt >= until
    const passing = result.ok ? isPassing(result.answer.status) : result.failure.passing
    if (passing && !last) host.sleep(pauseMs * attempt)
    else if (result.ok) return result
    else throw new DataSourceError('no-answer', `${question.url}: ${result.failure.detail}`)
  }
}

function once(host: Host, question: Question, folder: string, until: number): CurlResult {
  const left = Math.floor((until - host.uptime()) / 1000)
  if (left < 1) throw new DataSourceError('no-answer', `${question.url}: no time is left`)
  // curl leaves an old file alone where an answer has no body.
  host.write(`${folder}/body`, '', { mode: 0o600 })
  return curl(host, requestOf(question, folder, Math.min(left, questionSeconds)))
}

function requestOf(question: Question, folder: string, seconds: number): CurlRequest {
  const { url, method, headers, body, privileged } = question
  return {
    url,
    output: `${folder}/body`,
    headerFile: `${folder}/headers`,
    patience: { connect: Math.min(2, seconds), stall: seconds },
    seconds,
    largest: largestAnswer,
    hardLimit: largestAnswer,
    plainHttp: true,
    follow: false,
    direct: ownNetwork.test(url),
    ...(method === undefined ? {} : { method }),
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { body }),
    // A port that a connection has just left cannot be used again at once, hence all of them.
    ...(privileged ? { localPort: '1-1023' } : {}),
  }
}
