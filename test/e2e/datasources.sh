#!/bin/sh
# Runs kiln-agent in a network and a root of its own, in which a metadata service of the tests answers at the addresses of
# the platforms. Called by unshare --user --map-root-user --net --mount:
#   datasources.sh FOLDER NODE SERVER SERVICE VENDOR WORDS
# FOLDER has the agent, key and certificate; afterwards root/oem, root/run and the server's log are in it.
set -eu
folder=$1 node=$2 server=$3 service=$4 sign=$5 words=$6
root=$folder/root

ip link set lo up
for address in 169.254.169.254 168.63.129.16 169.254.42.42; do
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

chroot "$root" /usr/bin/env CURL_CA_BUNDLE=/certificate.pem /kiln-agent datasource --pull --json
chroot "$root" /usr/bin/env CURL_CA_BUNDLE=/certificate.pem /kiln-agent datasource --pull --json
