/** What /proc/cpuinfo says. */
export interface CpuInfo {
  readonly vendor: string
  readonly model: string
  /** MHz. */
  readonly speed: number
  /** KiB. */
  readonly cache: number
  readonly cpus: number
  readonly cores: number
  readonly threads: number
}

/** Reads /proc/cpuinfo. Where it does not tell sockets and cores (Arm), each processor is a core of one socket. */
export function parseCpuInfo(text: string): CpuInfo {
  const processors = text
    .split(/\n\s*\n/)
    .map(keysOf)
    .filter((keys) => keys.has('processor'))
  const first = (key: string) => processors.find((keys) => keys.has(key))?.get(key) ?? ''
  const cores = new Set(
    processors
      .filter((keys) => keys.has('core id'))
      .map((keys) => `${keys.get('physical id')}/${keys.get('core id')}`),
  )
  const sockets = new Set(processors.flatMap((keys) => keys.get('physical id') ?? []))
  const threads = processors.length
  return {
    vendor: first('vendor_id'),
    model: first('model name').replace(/ +/g, ' ').replace('- ', '-'),
    speed: Math.round(Number(first('cpu MHz')) || 0),
    cache: Number(first('cache size').match(/^(\d+) KB$/)?.[1] ?? 0),
    cpus: sockets.size || Math.min(threads, 1),
    cores: cores.size || threads,
    threads,
  }
}

function keysOf(block: string): Map<string, string> {
  return new Map(
    block.split('\n').flatMap((line) => {
      const [, key, value] = line.match(/^(.*?)\s*:\s?(.*)$/) ?? []
      return key === undefined ? [] : [[key, value?.trim() ?? ''] as const]
    }),
  )
}
