import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SourceError } from './error.ts'
import { sourceText } from './open.ts'
import { parseSource } from './reference.ts'

const hex = 'ab'.repeat(32)

describe('references: what a person writes, and what it means', () => {
  for (const [text, meaning] of [
    ['oci:example.org/os/debian:v1', 'oci:example.org/os/debian:v1'],
    ['oci://example.org/os/debian:v1', 'oci:example.org/os/debian:v1'],
    ['docker:example.org/os', 'oci:example.org/os:latest'],
    ['container://localhost/os', 'oci:localhost/os:latest'],
    ['example.org:5000/os/debian', 'oci:example.org:5000/os/debian:latest'],
    ['127.0.0.1:5000/os:v1', 'oci:127.0.0.1:5000/os:v1'],
    ['[::1]:5000/os:v1', 'oci:[::1]:5000/os:v1'],
    ['alpine', 'oci:docker.io/library/alpine:latest'],
    ['team/alpine:3', 'oci:docker.io/team/alpine:3'],
    [`oci:example.org/os@sha256:${hex}`, `oci:example.org/os@sha256:${hex}`],
    [`oci:example.org/os:v1@sha256:${hex}`, `oci:example.org/os:v1@sha256:${hex}`],
    ['ocifile:/mnt/layout', 'ocifile:/mnt/layout'],
    ['ocifile:///mnt/layout.tar:v1.2', 'ocifile:/mnt/layout.tar:v1.2'],
    ['dir:/mnt/payload/', 'dir:/mnt/payload'],
    ['dir:///mnt/payload', 'dir:/mnt/payload'],
    ['file:/mnt/payload.tar', 'file:/mnt/payload.tar'],
    ['https://example.org/payload/', 'https://example.org/payload'],
    ['https://example.org', 'https://example.org'],
  ] as const) {
    test(text, () => assert.equal(sourceText(parseSource(text)), meaning))
  }
})

describe('references that are refused', () => {
  for (const [text, message] of [
    ['', /empty/],
    [' oci:a/b', /blanks/],
    ['oci:a/b\nheader: x', /control characters/],
    ['oci:', /no name of an image/],
    ['oci:Example.org/Os', /no name/],
    ['oci:Foo/bar', /no name/],
    ['oci:a/b:', /no name/],
    ['oci:a/../b', /no name/],
    ['oci:a/b@sha256:12', /no name/],
    ['oci:a/b@c/d', /@ that no digest follows/],
    ['oci:user:geheim@example.org/os', /@ that no digest follows/],
    ['https://user:geheim@example.org/os', /@ that no digest follows/],
    ['https://example.org/a?b', /no address of a folder/],
    ['dir:relative', /does not begin with \//],
    ['file:relative.tar', /does not begin with \//],
    ['ocifile:x', /does not begin with \//],
    ['ftp://example.org/x', /begins with ftp:, which is no source/],
    ['ocfile:/x', /did you mean ocifile:\?/],
  ] as const) {
    test(JSON.stringify(text), () => {
      assert.throws(
        () => parseSource(text),
        (error) => {
          assert.ok(error instanceof SourceError)
          assert.equal(error.reason, 'bad-reference')
          assert.match(error.message, message)
          assert.ok(!error.message.includes('geheim'), 'a secret is not repeated')
          return true
        },
      )
    })
  }
})
