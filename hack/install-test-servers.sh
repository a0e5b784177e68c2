#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Installs the real servers that tests ask, and the exporter that make bench
# compares with, from Debian's own packages. It may be run again at any time.
# The servers are not started: tests start their own copies on free ports of the
# loopback interface, as the user who runs them.
set -eu

packages="nginx-light nsd exim4-daemon-light dovecot-imapd slapd openssh-server prometheus prometheus-blackbox-exporter prometheus-node-exporter prometheus-node-exporter-collectors"

missing=""
for package in $packages; do
	dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -z "$missing" ]; then
	echo "The test servers are installed: $packages"
	exit 0
fi

as_root=""
if [ "$(id -u)" -ne 0 ]; then
	as_root="sudo"
fi

# Packages of servers start them at once; a policy of exit code 101 says no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
	$as_root chmod 755 "$policy"
	trap '$as_root rm -f "$policy"' EXIT
fi

$as_root apt-get update
# The names of packages are meant to be split.
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install --yes --no-install-recommends $missing
echo "Installed:$missing"
