# Runs inside a mount namespace of its own and builds the file system a step sees. Directives, then "--", then the command.
set -eu
mountpoint=$1
shift
hostname kiln
while [ "$1" != -- ]; do
  case $1 in
    overlay) mkdir -p "$mountpoint$3"; mount -t overlay -o "$2" kiln "$mountpoint$3"; shift 3 ;;
    bind) mkdir -p "$mountpoint$3"; mount --bind "$2" "$mountpoint$3"; shift 3 ;;
    bind-ro) mkdir -p "$mountpoint$3"; mount --bind "$2" "$mountpoint$3"; mount -o remount,bind,ro "$mountpoint$3"; shift 3 ;;
    file-ro) mkdir -p "$(dirname "$mountpoint$3")"; : > "$mountpoint$3"; mount --bind "$2" "$mountpoint$3"; mount -o remount,bind,ro "$mountpoint$3"; shift 3 ;;
    root) mount --bind "$2" "$mountpoint"; shift 2 ;;
    root-ro) mount --bind "$2" "$mountpoint"; mount -o remount,bind,ro "$mountpoint"; shift 2 ;;
    kernel)
      mount -t proc kiln "$mountpoint/proc"
      mount -t tmpfs -o mode=0755 kiln "$mountpoint/dev"
      for node in null zero full random urandom tty; do
        : > "$mountpoint/dev/$node"
        mount --bind "/dev/$node" "$mountpoint/dev/$node"
      done
      mkdir "$mountpoint/dev/shm" "$mountpoint/dev/pts"
      ln -s /proc/self/fd "$mountpoint/dev/fd"
      mount -t tmpfs -o mode=1777 kiln "$mountpoint/tmp"
      mount -t tmpfs -o mode=0755 kiln "$mountpoint/run"
      shift 1 ;;
    *) echo "sandbox: unknown directive $1" >&2; exit 70 ;;
  esac
done
shift
exec chroot "$mountpoint" "$@"
