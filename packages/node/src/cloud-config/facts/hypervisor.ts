import type { Dmi } from './dmi.ts'

/** What the machine says it is, and which hypervisor makes such machines. The first that fits. */
const table: readonly (readonly [pattern: RegExp, hypervisor: string])[] = [
  [/\bVMware\b/, 'vmware'],
  [/\bVirtualBox\b|innotek GmbH/, 'virtualbox'],
  [/^Microsoft Corporation\n.*Virtual Machine/, 'hyperv'],
  [/\bXen\b/, 'xen'],
  [/^(QEMU|Amazon EC2|Google|DigitalOcean|Hetzner|OpenStack Foundation|Red Hat|Scaleway|Vultr)\b/, 'kvm'],
  [/\b(KVM|OpenStack|Standard PC)\b/, 'kvm'],
]

/** @param xen text of /sys/hypervisor/type */
export function hypervisorOf({ sys_vendor, product_name }: Dmi, xen: string): string {
  if (xen !== '') return xen
  // Amazon's machines without a hypervisor end like that.
  if (/\.metal\b/.test(product_name)) return ''
  return table.find(([pattern]) => pattern.test(`${sys_vendor}\n${product_name}`))?.[1] ?? ''
}
