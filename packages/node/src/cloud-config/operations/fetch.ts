import { parentOf } from '../../host/durable.ts'
import { curl } from '../../source/curl.ts'
import { type Actor, OperationError } from './actor.ts'

export interface Fetch {
  readonly url: string
  /** In a folder that is there. */
  readonly file: string
  /** Bytes; more is refused. */
  readonly largest?: number
  readonly timeoutMs: number
  readonly plainHttp?: boolean
}

const patience = { connect: 15, stall: 30 }
const tries = 3
const pauseMs = 1000

/** Brings what is behind an address into a file. Tries again where that may help. @throws OperationError; then the file is gone */
export function fetchFile(
  { url, file, timeoutMs, largest, plainHttp = false }: Fetch,
  { host, beat }: Actor,
): void {
  const deadline = host.uptime() + timeoutMs
  const headerFile = `${file}.headers`
  host.mkdir(parentOf(file), { recursive: true })
  const look = () => {
    if (host.uptime() > deadline)
      throw new OperationError(`${url}: took longer than ${Math.round(timeoutMs / 1000)} s`)
    beat?.(`download of ${url}`)
  }
  try {
    for (let attempt = 1; ; attempt++) {
      const result = curl(
        host,
        {
          url,
          output: file,
          headerFile,
          patience,
          plainHttp,
          failOnError: true,
          ...(largest === undefined ? {} : { largest }),
        },
        look,
      )
      if (result.ok) return
      const { failure } = result
      if (attempt >= tries || !failure.passing || host.uptime() > deadline) {
        throw new OperationError(`${url}: ${failure.detail}`)
      }
      host.sleep(pauseMs * attempt)
    }
  } catch (error) {
    host.remove(file, { recursive: true })
    throw error
  } finally {
    host.remove(headerFile, { recursive: true })
  }
}
