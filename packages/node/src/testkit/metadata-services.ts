/** Metadata services in the shape of their platforms, as paths and answers. All of them know of one machine, `m1`. */
export interface Service {
  /** `http://169.254.169.254`, as asked. */
  readonly origin: string
  /** `GET /path` → body. Anything else is 404. */
  readonly answers: Readonly<Record<string, string>>
  /** A header that every question must have; otherwise 401. */
  readonly needs?: string
}

const linkLocal = 'http://169.254.169.254'
export const cloudConfig = '#cloud-config\nhostname: from-userdata\n'
const base64 = (text: string) => Buffer.from(text).toString('base64')
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKey one@example'

export const services = {
  aws: {
    origin: linkLocal,
    needs: 'X-aws-ec2-metadata-token: TOKEN==',
    answers: {
      'PUT /latest/api/token': 'TOKEN==',
      'GET /latest/meta-data/instance-id': 'i-0abc',
      'GET /latest/meta-data/hostname': 'ip-10-0-0-5.ec2.internal',
      'GET /latest/meta-data/local-hostname': 'ip-10-0-0-5.ec2.internal',
      'GET /latest/meta-data/placement/availability-zone': 'eu-central-1a',
      'GET /latest/meta-data/placement/region': 'eu-central-1',
      'GET /latest/meta-data/instance-type': 't3.small',
      'GET /latest/meta-data/local-ipv4': '10.0.0.5',
      'GET /latest/meta-data/public-keys/': '0=one\n1=two',
      'GET /latest/meta-data/public-keys/0/openssh-key': `${key}\n`,
      'GET /latest/meta-data/public-keys/1/openssh-key': 'ssh-rsa AAAA two',
      'GET /latest/user-data': cloudConfig,
    },
  },
  gcp: {
    origin: linkLocal,
    needs: 'Metadata-Flavor: Google',
    answers: {
      'GET /computeMetadata/v1/instance/id': '4203948203948203948',
      'GET /computeMetadata/v1/?recursive=true&alt=json': JSON.stringify({
        instance: {
          id: 4203948203948204000,
          hostname: 'm1.c.project.internal',
          zone: 'projects/123/zones/europe-west3-a',
          machineType: 'projects/123/machineTypes/e2-small',
          attributes: { 'user-data': cloudConfig, 'ssh-keys': `admin:${key}` },
          networkInterfaces: [{ ip: '10.1.0.2', accessConfigs: [{ externalIp: '192.0.2.7' }] }],
        },
        project: { projectId: 'project', attributes: { 'ssh-keys': 'bob:ssh-rsa BBBB bob' } },
      }),
    },
  },
  azure: {
    origin: linkLocal,
    needs: 'Metadata: true',
    answers: {
      'GET /metadata/instance?api-version=2021-02-01&format=json': JSON.stringify({
        compute: {
          name: 'm1',
          location: 'westeurope',
          vmId: '02aab8a4-74ef-476e-8182-f6d2ba4166a6',
          vmSize: 'Standard_B2s',
          zone: '1',
          osProfile: { computerName: 'm1' },
          publicKeys: [{ keyData: `${key}\r\n`, path: '/home/a/.ssh/authorized_keys' }],
          userData: base64(cloudConfig),
        },
        network: {
          interface: [{ ipv4: { ipAddress: [{ privateIpAddress: '10.2.0.4', publicIpAddress: '' }] } }],
        },
      }),
    },
  },
  openstack: {
    origin: linkLocal,
    answers: {
      'GET /openstack/latest/meta_data.json': JSON.stringify({
        uuid: 'd8e02d56-2648-49a3-bf97-6be8f1204f38',
        name: 'm1',
        hostname: 'm1.novalocal',
        availability_zone: 'nova',
        public_keys: { mykey: `${key}\n` },
        project_id: 'f7ac731cc11f40efbc03a9f9e1d1d21f',
      }),
      'GET /openstack/latest/user_data': cloudConfig,
      'GET /openstack/latest/vendor_data.json': '{}',
      'GET /latest/meta-data/instance-type': 'm1.small',
    },
  },
  oracle: {
    origin: linkLocal,
    needs: 'Authorization: Bearer Oracle',
    answers: {
      'GET /opc/v2/instance/': JSON.stringify({
        id: 'ocid1.instance.oc1.x',
        displayName: 'm1',
        availabilityDomain: 'EMIr:EU-FRANKFURT-1-AD-1',
        canonicalRegionName: 'eu-frankfurt-1',
        shape: 'VM.Standard.E4.Flex',
        metadata: { ssh_authorized_keys: key, user_data: base64(cloudConfig) },
      }),
    },
  },
  digitalocean: {
    origin: linkLocal,
    answers: {
      'GET /metadata/v1.json': JSON.stringify({
        droplet_id: 2756294,
        hostname: 'm1',
        region: 'fra1',
        public_keys: [key],
        user_data: cloudConfig,
        interfaces: { public: [{ ipv4: { ip_address: '192.0.2.8' } }], private: null },
      }),
    },
  },
  hetzner: {
    origin: linkLocal,
    answers: {
      'GET /hetzner/v1/metadata/instance-id': '42',
      'GET /hetzner/v1/metadata/hostname': 'm1',
      'GET /hetzner/v1/metadata/region': 'eu-central',
      'GET /hetzner/v1/metadata/public-ipv4': '192.0.2.9',
      'GET /hetzner/v1/metadata/public-keys': JSON.stringify([key]),
      'GET /hetzner/v1/userdata': cloudConfig,
    },
  },
  vultr: {
    origin: linkLocal,
    answers: {
      'GET /v1.json': JSON.stringify({
        hostname: 'm1',
        instanceid: '1234',
        'instance-v2-id': 'a747bfz6385e',
        'public-keys': [key],
        region: { regioncode: 'EWR' },
        interfaces: [
          { 'network-type': 'public', ipv4: { address: '192.0.2.10', netmask: '255.255.254.0' } },
          { 'network-type': 'private', ipv4: { address: '10.99.0.3', netmask: '255.255.0.0' } },
        ],
      }),
      'GET /latest/user-data': cloudConfig,
    },
  },
  scaleway: {
    origin: 'http://169.254.42.42',
    answers: {
      'GET /conf?format=json': JSON.stringify({
        id: 'b0b5bfcf-4d5a-4ec9-8b58-b1b0e4a4c4a3',
        hostname: 'm1',
        commercial_type: 'DEV1-S',
        ssh_public_keys: [{ key, fingerprint: 'x' }],
        location: { zone_id: 'par1' },
        public_ip: { address: '192.0.2.11' },
        private_ip: null,
      }),
      'GET /user_data/cloud-init': cloudConfig,
    },
  },
  packet: {
    origin: 'https://metadata.platformequinix.com',
    answers: {
      'GET /metadata': JSON.stringify({
        id: '0e1f1c1a-1111-4222-8333-444455556666',
        hostname: 'm1',
        ssh_keys: [key],
        plan: 'c3.small.x86',
        facility: 'am6',
        metro: 'am',
        network: {
          addresses: [
            { address: '192.0.2.12', public: true, address_family: 4 },
            { address: '10.70.1.1', public: false, address_family: 4 },
          ],
        },
      }),
      'GET /userdata': cloudConfig,
    },
  },
  metaldata: {
    origin: 'http://metaldata',
    answers: {
      'GET /get/meta/hostname': 'm1',
      'GET /get/meta/machine-id': 'id-1',
      'GET /get/meta/authorized-keys': key,
      'GET /get/user': cloudConfig,
    },
  },
} as const satisfies Readonly<Record<string, Service>>
export type ServiceName = keyof typeof services

/** The host of a machine on Azure, which wants to hear that it is ready. */
export const wireServer = {
  origin: 'http://168.63.129.16',
  answers: {
    'GET /machine?comp=goalstate':
      '<GoalState><Incarnation>1</Incarnation><Container><ContainerId>c-1</ContainerId><RoleInstanceList>' +
      '<RoleInstance><InstanceId>i-1._m1</InstanceId></RoleInstance></RoleInstanceList></Container></GoalState>',
    'POST /machine?comp=health': '',
  },
} as const satisfies Service
