#!/bin/sh
# install_packages.sh [PACKAGE…]: updates the lists of apt and installs Debian packages. Only root can run it.
#
# ci/setup and 'cgi-conform servers --install' call it. It installs no recommended packages, and it starts no service:
# nothing here needs one. Debian asks /usr/sbin/policy-rc.d about each start. If the machine has such a file, it stays.
# The script replaces one that it left when it was killed.
#
# It tries twice, because most failures are short ones of a mirror. It prints what apt-get prints.
set -eu

policy=${DPKG_ROOT-}/usr/sbin/policy-rc.d
mark='Written by install_packages.sh'

apt_get() {
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get -y -q -o DPkg::Lock::Timeout=300 "$@" </dev/null 2>&1
}

if [ ! -e "$policy" ] || grep -q "$mark" "$policy"; then
  trap 'rm -f -- "$policy"' EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\n# %s, which removes it at its end.\nexit 101\n' "$mark" >"$policy"
  chmod 755 -- "$policy"
fi

for pause in 5 0; do
  apt_get update || true
  if [ $# = 0 ] || apt_get install --no-install-recommends "$@"; then exit 0; fi
  sleep "$pause"
done
exit 1
