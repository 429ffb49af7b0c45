import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { architectures, artifactName, type ImageIdentity, imageName, imageTag, variants } from './names.ts'

const image: ImageIdentity = {
  flavor: 'debian',
  flavorRelease: '13',
  variant: 'core',
  arch: 'amd64',
  device: 'generic',
  version: 'v0.1.0',
}

test('names follow the rules of the field', () => {
  assert.equal(imageName(image), 'debian-13-core-amd64-generic-v0.1.0')
  assert.equal(artifactName(image, '.iso'), 'kairos-debian-13-core-amd64-generic-v0.1.0.iso')
  assert.equal(artifactName(image, '.iso.sha256'), 'kairos-debian-13-core-amd64-generic-v0.1.0.iso.sha256')
  assert.equal(imageTag(image), '13-core-amd64-generic-v0.1.0')
})

test('a tag has no plus sign, a file name keeps it', () => {
  const withBuild = { ...image, version: 'v1.0.0+k3s1' }
  assert.equal(imageTag(withBuild), '13-core-amd64-generic-v1.0.0-k3s1')
  assert.equal(artifactName(withBuild, '.iso'), 'kairos-debian-13-core-amd64-generic-v1.0.0+k3s1.iso')
})

test('every tag can be used in a registry', () => {
  const images = fc.record({
    flavor: fc.constantFrom('debian', 'ubuntu', 'opensuse-leap'),
    flavorRelease: fc.constantFrom('13', '24.04', '15.6', 'tumbleweed'),
    variant: fc.constantFrom(...variants),
    arch: fc.constantFrom(...architectures),
    device: fc.constantFrom('generic', 'rpi4'),
    version: fc.stringMatching(/^v\d{1,3}\.\d{1,3}\.\d{1,3}(-[0-9a-z]{1,8})?(\+[0-9a-z]{1,8})?$/),
  })
  fc.assert(fc.property(images, (any) => assert.match(imageTag(any), /^\w[\w.-]{0,127}$/)))
})
