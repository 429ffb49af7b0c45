#!/usr/bin/env python3
"""What MAAS runs once it has written this disk, in its own system, with COS_OEM mounted.

curtin finds the disk by the folder of this file, and leaves everything to it: there is no /etc to write to. The keys for MAAS's
metadata service are in curtin's configuration; what the service has for this machine becomes cloud-configs, which the node reads
after its own. Format of both: curtin, "curtin-hooks"; cloud-init, "MAAS" (OAuth 1.0, PLAINTEXT: RFC 5849, 3.4.4).
"""
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

VERSION = "2012-03-01"


def find_access(config):
    """The keys, wherever among the files for cloud-init they are; None where there are none."""
    for entry in (config.get("cloudconfig") or {}).values():
        content = entry.get("content") if isinstance(entry, dict) else None
        document = yaml.safe_load(content) if isinstance(content, str) else None
        datasource = document.get("datasource") if isinstance(document, dict) else None
        if isinstance(datasource, dict) and "MAAS" in datasource:
            return datasource["MAAS"]
    return None


def authorization(access):
    def quote(text):
        return urllib.parse.quote(text, safe="~")

    now = str(int(time.time()))
    signature = quote(access.get("consumer_secret", "")) + "&" + quote(access["token_secret"])
    fields = {
        "oauth_version": "1.0",
        "oauth_signature_method": "PLAINTEXT",
        "oauth_consumer_key": quote(access["consumer_key"]),
        "oauth_token": quote(access["token_key"]),
        "oauth_signature": quote(signature),
        "oauth_timestamp": now,
        "oauth_nonce": now,
    }
    return "OAuth " + ", ".join('%s="%s"' % pair for pair in fields.items())


def fetch(access, path):
    """None where the service has nothing of that name."""
    url = "%s/%s/%s" % (access["metadata_url"].rstrip("/"), VERSION, path)
    request = urllib.request.Request(url, headers={"Authorization": authorization(access)})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise


def write(folder, name, content):
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        os.fsync(file.fileno())
    print("kiln: wrote " + name)


def main():
    with open(os.environ["CONFIG"], encoding="utf-8") as file:
        config = yaml.safe_load(file) or {}
    oem = os.environ["TARGET_MOUNT_POINT"]
    access = find_access(config)
    if access is None:
        print("kiln: MAAS gave no keys for its metadata; the node keeps its own configuration")
        return
    hostname = fetch(access, "meta-data/local-hostname")
    if hostname:
        text = "#cloud-config\nhostname: %s\n" % json.dumps(hostname.decode("utf-8").strip())
        write(oem, "91_maas_hostname.yaml", text.encode("utf-8"))
    user_data = fetch(access, "user-data")
    if user_data and user_data.startswith(b"#cloud-config"):
        write(oem, "92_maas_userdata.yaml", user_data)
    elif user_data:
        sys.exit("kiln: the user data of MAAS is no cloud-config: its first line must be #cloud-config")


if __name__ == "__main__":
    main()
