import { readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** Version of Kiln itself, with its leading v. */
export const kilnVersion = `v${manifest.version}`
