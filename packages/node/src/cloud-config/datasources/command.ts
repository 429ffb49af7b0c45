import type { Command } from '../../command.ts'
import type { Host } from '../../host/host.ts'
import { pullAtStage } from './at-stage.ts'
import { type PullRecord, pullRecordPath, readPullRecord } from './record.ts'

/** `kiln-agent datasource`: what was asked at this start, why, and what came of it. */
export const dataSourceCommand: Command<'--json' | '--pull'> = {
  flags: ['--json', '--pull'],
  words: 0,
  usage: `kiln-agent datasource [--json] [--pull]

Shows where this machine looked for its user data at this start: who was asked and why, and what came of it. The data
itself is in /oem/95_userdata, what the platform says of the machine in /run/config.

  --pull   asks once more, now; new user data acts at the next start
  --json   the record as it is in ${pullRecordPath}
`,
  run: (host, { flags }) => {
    if (flags.has('--pull')) {
      // Not what an earlier asking found: that is what is in doubt.
      host.remove(pullRecordPath, { recursive: true })
      pullAtStage(host, 'network')
    }
    const record = readPullRecord(host)
    if (flags.has('--json')) host.print(`${JSON.stringify(record ?? null, undefined, 2)}\n`)
    else show(host, record)
    return 0
  },
}

const meanings: Readonly<Record<PullRecord['outcome'], string>> = {
  new: 'new user data',
  kept: 'user data of an earlier start',
  waiting: 'waits for the network',
  none: 'nobody has user data for this machine',
  failed: 'who should have user data gave none',
}

function show(host: Host, record: PullRecord | undefined): void {
  if (!record) {
    host.print('nobody was asked at this start\n')
    return
  }
  const { outcome, provider, instanceId, attempts, notes } = record
  host.print(`${meanings[outcome]}${provider === undefined ? '' : `: ${provider}, instance ${instanceId}`}\n`)
  for (const { provider: name, why, outcome: result, detail, ms } of attempts) {
    host.print(`  ${name}: ${result} in ${ms} ms (${why})${detail === undefined ? '' : `: ${detail}`}\n`)
  }
  for (const note of notes) host.print(`  ${note}\n`)
}
