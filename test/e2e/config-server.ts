import { createHash } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'
import { after } from 'node:test'
import { run } from '@kiln/factory/tools/process'

const servers: Server[] = []

after(() => {
  for (const server of servers) server.close()
})

/** A package that is in no archive. */
export const ownPackage = 'kiln-test-hello'

/**
 * What a configuration fetches, over plain HTTP until the test file ends: `/tool`, the git repository `/config.git` with
 * the file `greeting` on the branch `main`, and the apt repository `/apt`. @returns its port on 127.0.0.1
 */
export async function configServer(folder: string): Promise<number> {
  const site = join(folder, 'site')
  await mkdir(join(site, 'apt'), { recursive: true })
  await writeFile(join(site, 'tool'), 'downloaded\n')
  await makeRepository(folder, join(site, 'config.git'))
  await makePackage(folder, join(site, 'apt'))
  const server = createServer(({ url = '/' }, response) => {
    const path = join(site, normalize(new URL(url, 'http://x').pathname))
    readFile(path).then(
      (content) => response.end(content),
      () => response.writeHead(404).end(),
    )
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Served as plain files, as git calls it: the dumb protocol. */
async function makeRepository(folder: string, bare: string): Promise<void> {
  const work = join(folder, 'work')
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false']
  await run('git', ['init', '--quiet', '--initial-branch=main', work])
  await writeFile(join(work, 'greeting'), 'from git\n')
  await run('git', ['-C', work, 'add', 'greeting'])
  await run('git', ['-C', work, ...author, 'commit', '--quiet', '--message', 'Greet'])
  await run('git', ['clone', '--quiet', '--bare', work, bare])
  await run('git', ['-C', bare, 'update-server-info'])
}

/** An apt repository of one folder: the package, and the list of packages. */
async function makePackage(folder: string, repository: string): Promise<void> {
  const root = join(folder, 'package')
  const control = `Package: ${ownPackage}
Version: 1.0
Architecture: all
Maintainer: test <test@localhost>
Description: says hello
`
  await mkdir(join(root, 'DEBIAN'), { recursive: true })
  await mkdir(join(root, 'usr/share', ownPackage), { recursive: true })
  // dpkg-deb refuses what the user's umask may make of it.
  for (const path of ['DEBIAN', 'usr', 'usr/share', `usr/share/${ownPackage}`]) {
    await chmod(join(root, path), 0o755)
  }
  await writeFile(join(root, 'DEBIAN/control'), control)
  await writeFile(join(root, 'usr/share', ownPackage, 'hello'), 'from a package\n')
  const file = join(repository, `${ownPackage}.deb`)
  await run('dpkg-deb', ['--root-owner-group', '--build', root, file])
  const content = await readFile(file)
  const digest = createHash('sha256').update(content).digest('hex')
  const place = `Filename: ./${ownPackage}.deb\nSize: ${content.length}\nSHA256: ${digest}\n`
  await writeFile(join(repository, 'Packages'), `${control}${place}`)
}
