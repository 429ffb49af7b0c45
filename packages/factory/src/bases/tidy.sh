# Makes a root that was made elsewhere fit to be worked in: `tidy.sh ROOT`. Runs outside of it and never follows its links.
# Ends with 3 and the path where a folder that Kiln mounts on or writes to is a link: it could lead out of the root.
set -eu
root=$1
for name in etc usr var var/cache var/cache/apt var/cache/apt/archives var/lib; do
  if [ -L "$root/$name" ]; then echo "/$name"; exit 3; fi
done
# Marks by which programs believe that they run in a container.
rm -f "$root/.dockerenv" "$root/.dockerinit"
for name in dev proc sys run tmp; do
  if [ -L "$root/$name" ] || [ ! -d "$root/$name" ]; then rm -f "$root/$name"; mkdir "$root/$name"; fi
  find "$root/$name" -xdev -mindepth 1 -delete
  chmod 0755 "$root/$name"
  chown 0:0 "$root/$name"
done
chmod 1777 "$root/tmp"
chmod 0555 "$root/proc" "$root/sys"
