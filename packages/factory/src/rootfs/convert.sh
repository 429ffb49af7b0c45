# Runs in the root file system that is converted. /run/work/stage holds the files to add; names of services come as arguments:
#   convert.sh enable UNIT... mask UNIT...
set -eu
cd /

# An existing folder keeps its mode, a link to a folder stays a link, everything belongs to root.
tar --create --directory=/run/work/stage --sort=name --owner=0 --group=0 --numeric-owner . |
  tar --extract --no-overwrite-dir --keep-directory-symlink --same-permissions --touch

cat /usr/lib/kiln/os-release.add >> /usr/lib/os-release
rm /usr/lib/kiln/os-release.add

verb=
for word in "$@"; do
  case $word in
    enable | mask) verb=$word ;;
    *) if command -v systemctl > /dev/null; then
      systemctl --root=/ --quiet "$verb" "$word"
    else
      # Kiln's own scripts are in their runlevels already, and OpenRC has nothing to mask.
      case $verb-$word in
        enable-kiln-* | mask-*) ;;
        *) rc-update --quiet add "${word%.service}" default ;;
      esac
    fi ;;
  esac
done
if command -v systemctl > /dev/null; then systemctl --root=/ --quiet set-default multi-user.target; fi

# The resolver of the machine that builds is none of the image's business.
ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf

# The program's name in the field.
ln -sf kiln-agent /usr/bin/kairos-agent

# The EFI partition is mounted only while the agent works on it, and the health gate alone says which boot was good.
mkdir -p /etc/systemd/system-generators
ln -sf /dev/null /etc/systemd/system-generators/systemd-gpt-auto-generator
ln -sf /dev/null /etc/systemd/system-generators/systemd-bless-boot-generator

# Identity and secrets are made on the node.
: > /etc/machine-id
rm -f /var/lib/dbus/machine-id /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
rm -f /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
: > /etc/fstab

# Package managers' caches, lists and backups; whatever a build leaves that a node does not need.
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/cache/ldconfig/*
rm -f /etc/dpkg/dpkg.cfg.d/99mmdebstrap /etc/apt/apt.conf.d/99mmdebstrap /usr/sbin/policy-rc.d
rm -f /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid- /etc/.pwd.lock /etc/.resolv.conf.*.bak
rm -rf /var/log/journal/*
find /var/log -type f -delete
find /var/tmp -mindepth 1 -delete
rm -f /root/.bash_history /.dockerenv /initrd.img* /vmlinuz* /boot/initrd* /boot/initramfs*
