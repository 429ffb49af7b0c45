# Runs a command in which programs of other architectures run, too, by the kernel's binfmt_misc: emulators are known in a user
# namespace of its own and nowhere else (since Linux 6.7), and are read at once (flag F), so that no root has to have them.
#
#   emulate.sh new|own MAGIC RULE... -- COMMAND...
#
# new: root, who has to make the namespace first; own: this is one already. Each rule is a line for the file "register"; MAGIC are
# the hex digits with which one begins that the machine itself may know, where its kernel is older.
set -eu
mode=$1
magic=$2

if [ "$mode" = new ]; then
  shift
  unshare --user --mount true || { echo 'emulate: root cannot make a user namespace' >&2; exit 72; }
  # That of the machine knows the processes by other numbers.
  mount -t proc kiln /proc
  folder=$(mktemp -d)
  mkfifo "$folder/ready" "$folder/go"
  exec 3<&0
  # Before the ids are mapped, a program that is started loses root's powers; the one that is started after has them.
  unshare --user --mount sh -euc 'echo $$ > "$1/ready"; read -r _ < "$1/go"; shift; exec sh "$@"' sh \
    "$folder" "$0" own "$@" <&3 3<&- &
  read -r pid < "$folder/ready"
  cat /proc/self/uid_map > "/proc/$pid/uid_map"
  cat /proc/self/gid_map > "/proc/$pid/gid_map"
  echo > "$folder/go"
  rm -r "$folder"
  code=0
  wait $! || code=$?
  exit $code
fi

shift 2
is_known() {
  for entry in /proc/sys/fs/binfmt_misc/*; do
    if grep -qs '^enabled$' "$entry" && grep -qs '^flags:.*F' "$entry" && grep -qs "^magic $magic" "$entry"; then return 0; fi
  done
  return 1
}
if mount -t binfmt_misc kiln /proc/sys/fs 2> /dev/null; then
  while [ "$1" != -- ]; do
    printf '%s' "$1" > /proc/sys/fs/register
    shift
  done
elif ! is_known; then
  echo 'emulate: binfmt_misc is not to be had' >&2
  exit 73
fi
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
