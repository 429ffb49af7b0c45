# Runs inside a mount namespace of its own and builds the file system a step sees. Directives, then "--", then the command.
set -eu
mountpoint=$1
shift
hostname kiln

# Mount points are made from outside of the root, where its links would lead out of it: none may be on the way to one.
refuse_links() {
  path=
  rest=${1#/}
  while [ -n "$rest" ]; do
    name=${rest%%/*}
    case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
    if [ "$name" = .. ]; then echo "sandbox: $1 leads upwards" >&2; exit 70; fi
    path=$path/$name
    if [ -L "$mountpoint$path" ]; then echo "sandbox: $path is a link" >&2; exit 71; fi
  done
}
make_folder() {
  refuse_links "$1"
  mkdir -p "$mountpoint$1"
}
make_file() {
  refuse_links "$1"
  mkdir -p "$(dirname "$mountpoint$1")"
  [ -e "$mountpoint$1" ] || : > "$mountpoint$1"
}

while [ "$1" != -- ]; do
  case $1 in
    overlay) make_folder "$3"; mount -t overlay -o "$2" kiln "$mountpoint$3"; shift 3 ;;
    bind) make_folder "$3"; mount --bind "$2" "$mountpoint$3"; shift 3 ;;
    bind-ro) make_folder "$3"; mount --bind "$2" "$mountpoint$3"; mount -o remount,bind,ro "$mountpoint$3"; shift 3 ;;
    file-ro) make_file "$3"; mount --bind "$2" "$mountpoint$3"; mount -o remount,bind,ro "$mountpoint$3"; shift 3 ;;
    root) mount --bind "$2" "$mountpoint"; shift 2 ;;
    root-ro) mount --bind "$2" "$mountpoint"; mount -o remount,bind,ro "$mountpoint"; shift 2 ;;
    kernel)
      for folder in proc dev tmp run; do refuse_links "/$folder"; done
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
exec "$@"
