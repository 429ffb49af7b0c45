import * as z from 'zod/mini'
import { type ParseResult, readDocument } from '../document.ts'

/**
 * What is known of a machine, as templates see it (`.Values.product.uuid`). The keys are those of the field, which has
 * them from the Go library sysinfo. Every key is always there: an unknown text is empty, an unknown number 0, so that a
 * template may ask with `required` instead of failing on a machine whose maker left something out.
 */
const text = z._default(z.string(), '')
const count = z._default(z.number().check(z.minimum(0)), 0)

function block<S extends z.core.$ZodLooseShape>(shape: S) {
  const schema = z.strictObject(shape)
  return z.prefault(schema, {} as z.input<typeof schema>)
}

export const MachineFacts = z.strictObject({
  node: block({
    /** /proc/sys/kernel/hostname */
    hostname: text,
    /** /etc/machine-id */
    machineid: text,
    /** `kvm`, `vmware`, `hyperv`, `xen`, `virtualbox`; empty on bare metal. By DMI and /sys/hypervisor. */
    hypervisor: text,
    /** Where /etc/localtime points to: `Europe/Berlin`. */
    timezone: text,
  }),
  /** /etc/os-release: PRETTY_NAME, ID, VERSION_ID. */
  os: block({
    name: text,
    vendor: text,
    version: text,
    /** /etc/debian_version, or the version again. */
    release: text,
    /** `amd64`, `arm64`, `riscv64`, `arm`, `i386`. */
    architecture: text,
  }),
  /** /proc/sys/kernel: osrelease, version, arch. */
  kernel: block({ release: text, version: text, architecture: text }),
  /** /sys/class/dmi/id/product_*; on boards without DMI the device tree's model and serial number. */
  product: block({ name: text, vendor: text, version: text, serial: text, uuid: text, sku: text }),
  /** /sys/class/dmi/id/board_* */
  board: block({ name: text, vendor: text, version: text, serial: text, assettag: text }),
  /** /sys/class/dmi/id/chassis_*; `type` as SMBIOS numbers it. */
  chassis: block({ type: count, vendor: text, version: text, serial: text, assettag: text }),
  /** /sys/class/dmi/id/bios_* */
  bios: block({ vendor: text, version: text, date: text }),
  cpu: block({
    vendor: text,
    model: text,
    /** MHz; of SMBIOS, else of /proc/cpuinfo. */
    speed: count,
    /** KiB. */
    cache: count,
    /** Sockets, cores in all, logical processors in all. */
    cpus: count,
    cores: count,
    threads: count,
  }),
  memory: block({
    /** `DDR4`; of SMBIOS. */
    type: text,
    /** MT/s. */
    speed: count,
    /** MiB that are built in, by SMBIOS; else what the kernel has. */
    size: count,
  }),
  /** /sys/class/net without virtual devices, by name. */
  network: z._default(
    z.array(
      z.strictObject({
        name: text,
        driver: text,
        macaddress: text,
        port: text,
        /** Mbit/s of the link that is up. The field has the device's largest. */
        speed: count,
      }),
    ),
    [],
  ),
  /** /sys/block without virtual devices and optical drives, by name. */
  storage: z._default(
    z.array(
      z.strictObject({
        name: text,
        driver: text,
        vendor: text,
        model: text,
        serial: text,
        /** GB (10⁹ bytes), rounded down. */
        size: count,
      }),
    ),
    [],
  ),
  /** 32 letters and digits, anew each time. */
  Random: text,
  /** The machine-id, hashed with a name, so that it may be given away: HMAC-SHA256, hex. */
  ProtectedID: text,
})
export type MachineFacts = z.infer<typeof MachineFacts>

/** Facts of a machine that is known only by what a few keys say; the others are empty. */
export function factsOf(known: z.input<typeof MachineFacts>): MachineFacts {
  return z.parse(MachineFacts, known)
}

/** Reads a file of facts, as `kiln-agent facts` prints it and `kiln cloud-config render --for` takes it. */
export function parseFacts(content: string, file: string): ParseResult<MachineFacts> {
  return readDocument(MachineFacts, content, file)
}
