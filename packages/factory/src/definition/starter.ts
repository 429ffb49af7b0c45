/** What `kiln init` writes: a definition that builds as it stands, with what else there is in comments. */
export interface StarterOptions {
  /** Lower-case letters, digits and hyphens. */
  readonly name: string
  readonly flavor: string
  readonly release: string
}

export interface StarterFile {
  /** Relative to the folder. */
  readonly path: string
  readonly text: string
}

export function starterFiles(options: StarterOptions): StarterFile[] {
  return [
    { path: 'kiln.yaml', text: starterDefinition(options) },
    { path: 'cloud-config.yaml', text: starterCloudConfig(options) },
  ]
}

/** A name for a system from the name of its folder; `kiln` where nothing of it can be used. */
export function starterName(folderName: string): string {
  const name = folderName
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '')
  return name === '' ? 'kiln' : name
}

function starterDefinition({ name, flavor, release }: StarterOptions): string {
  return `# What Kiln builds. Every key: docs/reference/kiln-yaml.md. Check it: kiln check. Build it: kiln build --boot

# Name of the system, and its version: a semantic version with a leading v.
name: ${name}
version: v0.1.0

images:
  - flavor: ${flavor}
    release: "${release}"

    # A file for the medium that sets host name, users, files and commands at boot.
    cloud-config: cloud-config.yaml

    # Packages besides those that Kiln needs itself, and packages to leave out.
    packages:
      add: []
      # add: [htop, tmux]
      # remove: [openssh-server]

    # A folder whose files are copied over the root file system: overlay/etc/motd becomes /etc/motd.
    # overlay: overlay

    # Another kernel of the distribution.
    # kernel:
    #   package: linux-image-cloud-amd64

    # Words for the kernel command line.
    # cmdline: [console=ttyS1]

# What to make of each image.
artifacts: [iso]

# Where packages come from; without it, from where this machine takes its own.
# mirror: https://mirror.example/debian
`
}

function starterCloudConfig({ name }: StarterOptions): string {
  return `#cloud-config
# Read by each machine that boots from the medium. No user has a password, and without a key nobody can log in.
hostname: ${name}

# users:
#   - name: admin
#     groups: [sudo]
#     ssh_authorized_keys:
#       - ssh-ed25519 AAAA... you@example
`
}
