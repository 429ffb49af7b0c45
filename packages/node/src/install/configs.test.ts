import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withFakeCurl } from '../testkit/fake-curl.ts'
import { adminConfig, installMachine } from '../testkit/install-machine.ts'
import { readInstallConfigs } from './configs.ts'
import { InstallError } from './error.ts'
import { configsForOem } from './oem-files.ts'

const origin = 'https://configs.example'
const address = `${origin}/node.yaml?token=abc`

test('a cloud-config is named by its address, too, and goes along as it came', (context) => {
  const machine = installMachine(context)
  const text = `${adminConfig}install: {device: /dev/vdb}\n`
  const answers = { 'GET /node.yaml?token=abc': text }
  const { host } = withFakeCurl(machine.host, machine.folder, [{ origin, answers }])
  const { configs, merged } = readInstallConfigs(host, address)
  assert.deepEqual([merged.install?.device, merged.users?.length], ['/dev/vdb', 1])
  assert.deepEqual(configsForOem(configs), [{ name: '90_custom.yaml', text, mode: 0o600 }])
})

test('where nobody answers at an address, nothing is installed', (context) => {
  const machine = installMachine(context)
  const { host } = withFakeCurl(machine.host, machine.folder, [])
  assert.throws(
    () => readInstallConfigs(host, address),
    (error) =>
      error instanceof InstallError &&
      /could not be fetched/.test(error.message) &&
      !/abc/.test(error.message),
  )
})

test('what an address has must be a cloud-config', (context) => {
  const machine = installMachine(context)
  const answers = { 'GET /node.yaml?token=abc': '<html>log in</html>' }
  const { host } = withFakeCurl(machine.host, machine.folder, [{ origin, answers }])
  assert.throws(() => readInstallConfigs(host, address), /node\.yaml\?…: what was fetched is no cloud-config/)
})
