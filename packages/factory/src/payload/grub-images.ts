import type { GrubImage } from '../tools/grub.ts'

/** Boots a live medium under BIOS: finds it and hands over to its menu. */
export const liveGrubImage: GrubImage = {
  format: 'i386-pc-eltorito',
  prefix: '/boot/grub',
  prelude: `search --no-floppy --set=root --file /payload/payload.json
set prefix=($root)/boot/grub
configfile /boot/grub/grub.cfg
`,
  modules: [
    'biosdisk',
    'configfile',
    'iso9660',
    'linux',
    'normal',
    'part_gpt',
    'part_msdos',
    'search',
    'search_fs_file',
    'serial',
    'terminal',
    'test',
  ],
}

/**
 * Boots a disk under BIOS, from its bios_grub partition. It reads the FAT file system in the second partition of its own
 * disk, nothing with a journal. Modules are built in: there is no folder of them that could be of another version.
 */
export const diskGrubImage: GrubImage = {
  format: 'i386-pc',
  prefix: '(,gpt2)/kiln/grub',
  prelude: 'configfile $prefix/grub.cfg\n',
  modules: [
    'biosdisk',
    'configfile',
    'echo',
    'fat',
    'halt',
    'linux',
    'loadenv',
    'normal',
    'part_gpt',
    'reboot',
    'serial',
    'sleep',
    'terminal',
    'test',
  ],
}
