#!/usr/bin/env bash
# base-image.sh TAG [PACKAGE...]: a Debian image with Python, from the packages that are installed on this machine. Nothing is fetched
# that is there: about three seconds.
set -euo pipefail
tag=$1
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
wanted=(bash ca-certificates python3 "$@")
if ! dpkg -s "${wanted[@]}" >/dev/null 2>&1; then
  apt-get -o DPkg::Lock::Timeout=300 update -qq
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
fi
/usr/bin/python3 -B "$here/rootfs.py" "${wanted[@]}" |
  docker import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8' --change 'CMD ["python3"]' - "$tag"
