# Unpacks archives over each other into the root that it runs in: `unpack.sh layers|tar FILE...`, lowest first.
# The root is what is being made, so that no link in it can lead out. It has no programs of its own yet, or not ours:
# those of the container tools, mounted at $TOOLS, are started through their own loader.
# Options for tar, which must not depend on names in the archives, come in $EXTRACT, separated by lines.
set -euo pipefail
for loader in "$TOOLS"/usr/lib/*-linux-gnu*/ld-linux*.so.*; do :; done
tool() {
  local name=$1
  shift
  "$loader" --library-path "${loader%/*}" "$TOOLS/usr/bin/$name" "$@"
}
mapfile -t extract <<< "$EXTRACT"

# zstd unpacks gzip and xz, too, and hands on what is not packed.
unpack() { tool zstd --decompress --stdout --force --quiet < "$1" | tool tar "${extract[@]}" --directory=/; }

# Whether a path leads through folders only: below a link, a lower layer has nothing of its own.
is_plain() {
  local part path=
  local IFS=/
  set -f
  for part in $1; do
    path=$path/$part
    if [ -L "$path" ] || [ ! -d "$path" ]; then set +f; return 1; fi
  done
  set +f
}

clear_folder() { tool find "$1" -mindepth 1 -maxdepth 1 -exec "$loader" --library-path "${loader%/*}" "$TOOLS/usr/bin/rm" -rf -- {} +; }

# What a layer takes away from those below it (OCI image specification, layer.md): `.wh.NAME` is NAME gone,
# `.wh..wh..opq` is everything gone, and a file takes the place of a folder.
apply_deletions() {
  local name folder base
  while IFS= read -r name; do
    # A name may hold a newline; tar writes it as \n.
    printf -v name '%b' "$name"
    name=${name#./}
    name=${name#/}
    case $name in
      '' | */ | ../* | */../*) continue ;;
      dev/* | proc/* | sys/* | run/* | tmp/*) continue ;;
    esac
    base=${name##*/}
    folder=
    if [ "$base" != "$name" ]; then folder=${name%/*}; fi
    case $base in
      .wh..wh..opq) if is_plain "$folder"; then clear_opaque "$folder"; fi ;;
      .wh..wh.*) ;;
      .wh.?*) remove_below "$folder" "${base#.wh.}" ;;
      *) if [ -d "/$name" ] && [ ! -L "/$name" ]; then remove_below "$folder" "$base"; fi ;;
    esac
  done
}

# The root itself holds the mounts of the sandbox.
clear_opaque() {
  if [ "$1" = '' ]; then return; fi
  clear_folder "/$1"
}

remove_below() {
  case $2 in '' | . | ..) return ;; esac
  if [ "$1" = '' ]; then case $2 in dev | proc | sys | run | tmp) return ;; esac; fi
  if is_plain "$1"; then tool rm -rf -- "/$1${1:+/}$2"; fi
}

kind=$1
shift
first=yes
for archive in "$@"; do
  if [ "$kind" = layers ] && [ "$first" = no ]; then
    tool tar --list --file="$archive" --quoting-style=escape | apply_deletions
  fi
  first=no
  unpack "$archive"
  echo "unpacked ${archive##*/}"
done
