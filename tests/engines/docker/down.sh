#!/usr/bin/env bash
# down.sh DIR: ends the engine that up.sh started in DIR, with the containers it runs, and removes DIR.
set -euo pipefail
dir=$(cd "$1" && pwd)
if [[ ! -s $dir/env ]]; then
  echo "down.sh: $dir was not made by up.sh" >&2
  exit 2
fi
if [[ -s $dir/engine.pid ]]; then
  # shellcheck source=/dev/null
  . "$dir/env"
  docker ps -q | xargs -r docker kill >/dev/null 2>&1 || true
  pid=$(<"$dir/engine.pid")
  kill "$pid" 2>/dev/null || true
  for _ in $(seq 200); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  # An engine that was killed can leave what it mounted.
  awk -v dir="$dir/" 'index($2, dir) == 1 {print $2}' /proc/mounts | sort -r | xargs -r umount
fi
rm -rf "$dir"
