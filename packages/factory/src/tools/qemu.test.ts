import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainQemu, type MachinePlan, qemuArguments } from './qemu.ts'

const plan: MachinePlan = {
  accel: 'tcg',
  firmware: { kind: 'bios' },
  memoryMiB: 2048,
  cpus: 2,
  drives: [],
  gui: false,
  noReboot: false,
}

test('the whole command line of a small machine', () => {
  assert.equal(
    qemuArguments(plan).join(' '),
    '-name kiln -nodefaults -no-user-config -machine q35 -accel tcg,thread=multi -cpu qemu64 -smp 2 -m 2048' +
      ' -boot strict=on -object rng-builtin,id=random -device virtio-rng-pci,rng=random' +
      ' -netdev user,id=network -device virtio-net-pci,netdev=network,romfile= -display none' +
      ' -chardev stdio,id=console,signal=off -device isa-serial,chardev=console' +
      ' -chardev socket,id=monitor,fd=3 -mon chardev=monitor,mode=control',
  )
})

const differences: readonly { title: string; change: Partial<MachinePlan>; gives: readonly string[] }[] = [
  {
    title: 'UEFI: the code is read-only, the variables are not',
    change: { firmware: { kind: 'uefi', code: '/f/code.fd', variables: '/t/vars.fd' } },
    gives: [
      '-drive if=pflash,unit=0,format=raw,readonly=on,file=/f/code.fd',
      '-drive if=pflash,unit=1,format=raw,file=/t/vars.fd',
    ],
  },
  {
    title: 'UEFI that alone can write to its variables',
    change: { firmware: { kind: 'uefi', code: '/f/code.fd', variables: '/t/vars.fd', guarded: true } },
    gives: ['-global driver=cfi.pflash01,property=secure,value=on -global ICH9-LPC.disable_s3=1'],
  },
  {
    title: 'the network before the disks',
    change: {
      netboot: { url: 'http://10.0.2.2:5000/netboot/boot.ipxe' },
      drives: [{ attach: 'disk', file: '/d.qcow2', format: 'qcow2', writes: 'kept' }],
    },
    gives: [
      '-netdev user,id=network,bootfile=http://10.0.2.2:5000/netboot/boot.ipxe' +
        ' -device virtio-net-pci,netdev=network,bootindex=0',
      '-device virtio-blk-pci,drive=drive0,bootindex=1',
    ],
  },
  {
    title: 'KVM: the processor of the host',
    change: { accel: 'kvm' },
    gives: ['-accel kvm -cpu host'],
  },
  {
    title: 'a CD, and a comma in its name',
    change: { drives: [{ attach: 'cd', file: '/a,b.iso', format: 'raw', writes: 'discarded' }] },
    gives: [
      '-drive if=none,id=drive0,format=raw,media=cdrom,readonly=on,file=/a,,b.iso',
      '-device ide-cd,drive=drive0,bootindex=0',
    ],
  },
  {
    title: 'a second CD, on a bus of its own',
    change: {
      drives: ['/a.iso', '/b.iso'].map((file) => ({
        attach: 'cd',
        file,
        format: 'raw',
        writes: 'discarded',
      })),
    },
    gives: [
      '-drive if=none,id=drive0,format=raw,media=cdrom,readonly=on,file=/a.iso',
      '-device ide-cd,drive=drive0,bootindex=0',
      '-drive if=none,id=drive1,format=raw,media=cdrom,readonly=on,file=/b.iso',
      '-device ide-cd,bus=ide.1,drive=drive1,bootindex=1',
    ],
  },
  {
    title: 'a USB stick before a disk that keeps what is written',
    change: {
      drives: [
        { attach: 'usb', file: '/a.iso', format: 'raw', writes: 'discarded' },
        { attach: 'disk', file: '/d.qcow2', format: 'qcow2', writes: 'kept' },
      ],
    },
    gives: [
      '-drive if=none,id=drive0,format=raw,snapshot=on,discard=unmap,file=/a.iso',
      '-device qemu-xhci,id=usb0 -device usb-storage,bus=usb0.0,removable=on,drive=drive0,bootindex=0',
      '-drive if=none,id=drive1,format=qcow2,discard=unmap,file=/d.qcow2',
      '-device virtio-blk-pci,drive=drive1,bootindex=1',
    ],
  },
  {
    title: 'a disk whose writes are recorded',
    change: {
      drives: [{ attach: 'disk', file: '/a,b.raw', format: 'raw', writes: 'kept', log: '/writes.log' }],
    },
    gives: [
      '-blockdev {"driver":"blklogwrites","node-name":"drive0","discard":"unmap",' +
        '"file":{"driver":"raw","discard":"unmap","cache":{"no-flush":true},' +
        '"file":{"driver":"file","filename":"/a,b.raw","discard":"unmap"}},' +
        '"log":{"driver":"file","filename":"/writes.log","discard":"unmap","cache":{"no-flush":true}},' +
        '"log-super-update-interval":1}',
      '-device virtio-blk-pci,drive=drive0,bootindex=0,request-merging=off',
    ],
  },
  {
    title: 'ssh is reached from this machine only',
    change: { ssh: { hostPort: 2222 } },
    gives: ['-netdev user,id=network,hostfwd=tcp:127.0.0.1:2222-:22'],
  },
  { title: 'a watchdog', change: { watchdog: 'i6300esb' }, gives: ['-device i6300esb'] },
  { title: 'no watchdog', change: { watchdog: 'none' }, gives: ['-machine pc -accel tcg,thread=multi'] },
  { title: 'a window', change: { gui: true }, gives: ['-device VGA -display gtk'] },
  {
    title: 'files in the firmware',
    change: { fwCfg: { 'opt/kiln/user-data': '/a,b.yaml' } },
    gives: ['-fw_cfg name=opt/kiln/user-data,file=/a,,b.yaml'],
  },
  {
    title: 'a machine of arm64, with two CDs',
    change: {
      arch: 'arm64',
      drives: ['/a.iso', '/b.iso'].map((file) => ({
        attach: 'cd',
        file,
        format: 'raw',
        writes: 'discarded',
      })),
    },
    gives: [
      '-machine virt -accel tcg,thread=multi -cpu cortex-a72',
      '-device virtio-scsi-pci,id=scsi0 -device scsi-cd,bus=scsi0.0,drive=drive0,bootindex=0',
      '-device virtio-scsi-pci,id=scsi1 -device scsi-cd,bus=scsi1.0,drive=drive1,bootindex=1',
      '-chardev stdio,id=console,signal=off -serial chardev:console',
    ],
  },
  { title: 'no reboot', change: { noReboot: true }, gives: ['-no-reboot'] },
  {
    title: 'the way out for probes',
    change: { debugExit: true },
    gives: ['-device isa-debug-exit,iobase=244,iosize=4'],
  },
]

for (const { title, change, gives } of differences) {
  test(title, () => {
    const line = `${qemuArguments({ ...plan, ...change }).join(' ')} `
    for (const part of gives) assert.ok(line.includes(`${part} `), `${part}\nis not in\n${line}`)
  })
}

const complaints = [
  {
    said: "qemu-system-x86_64: -netdev user,id=network,hostfwd=tcp:127.0.0.1:2222-:22: Could not set up host forwarding rule 'tcp:127.0.0.1:2222-:22'\n",
    code: 'E-USAGE',
    message: /port 2222 /,
  },
  {
    said: 'qemu-system-x86_64: -device virtio-blk-pci,drive=drive0,bootindex=0: Failed to get "write" lock\nIs another process using the image [/d.qcow2]?\n',
    code: 'E-USAGE',
    message: /\/d\.qcow2/,
  },
  {
    said: "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory\n",
    code: 'E-TOOL-FAILED',
    message: /memory/,
  },
  {
    said: "Display 'gtk' is not available, please recompile QEMU\n",
    code: 'E-TOOL-FAILED',
    message: /window/,
  },
  { said: 'gtk initialization failed\n', code: 'E-TOOL-FAILED', message: /window/ },
  { said: 'qemu-system-x86_64: something new\n', code: 'E-TOOL-FAILED', message: /QEMU failed/ },
] as const

for (const { said, code, message } of complaints) {
  test(`QEMU says ${JSON.stringify(said.slice(0, 60))}…`, () => {
    const error = explainQemu(said)
    assert.equal(error.code, code)
    assert.match(error.message, message)
    assert.equal(error.output, said.trim())
  })
}
