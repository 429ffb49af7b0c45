#!/bin/sh
# Runs kiln-agent in a network and a root of its own, in which a server of the tests answers, also at the addresses of the
# platforms. Called by unshare --user --map-root-user --net --mount:
#   own-network.sh FOLDER NODE SERVER SERVICE SIGN WORDS COMMAND...
# FOLDER has the agent, key and certificate, and perhaps something in root/oem; afterwards root/oem, root/run and the server's
# log are in it. SIGN is a file of the DMI tables and its text, WORDS the kernel's command line, COMMAND what the agent does.
set -eu
folder=$1 node=$2 server=$3 service=$4 sign=$5 words=$6
shift 6
root=$folder/root

ip link set lo up
for address in 169.254.169.254 168.63.129.16 169.254.42.42 192.0.2.1; do
  ip address add "$address/32" dev lo
done

mkdir -p "$root/oem" "$root/run" "$root/etc" "$root/proc" "$root/dev" "$root/tmp" "$root/sys/class/dmi/id"
for path in /usr /bin /sbin /lib /lib64 /dev /proc; do
  [ -e "$path" ] || continue
  mkdir -p "$root$path"
  mount --rbind "$path" "$root$path"
done
printf '127.0.0.1 localhost\n169.254.169.254 metadata.platformequinix.com metaldata\n' >"$root/etc/hosts"
[ -z "$sign" ] || echo "${sign#*=}" >"$root/sys/class/dmi/id/${sign%%=*}"
echo "$words" >"$folder/cmdline"
mount --bind "$folder/cmdline" "$root/proc/cmdline"
cp "$folder/kiln-agent" "$folder/certificate.pem" "$root/"

"$node" "$server" "$service" "$folder/key.pem" "$folder/certificate.pem" >"$folder/server.log" &
pid=$!
trap 'kill $pid' EXIT
tries=0
until grep -q ready "$folder/server.log"; do
  tries=$((tries + 1))
  [ $tries -lt 100 ] || exit 1
  sleep 0.1
done

for command in "$@"; do
  # Words of a command are words here, too.
  # shellcheck disable=SC2086
  chroot "$root" /usr/bin/env CURL_CA_BUNDLE=/certificate.pem /kiln-agent $command
done
