#!/usr/bin/env bash
# up.sh DIR: a Docker Engine on this machine from Debian's packages, as root, and the image of the tests. Idempotent.
# State, log and process id lie in DIR; `. DIR/env` sets DOCKER_HOST and the image. An engine that already answers is used as it is.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)
image=${ORCH_TEST_IMAGE:-orch-tests/python:3.11}

if ! command -v dockerd >/dev/null && ! timeout 10 docker version >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o DPkg::Lock::Timeout=300 update -qq
  apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends docker.io >"$dir/apt.log"
fi

if ! timeout 10 docker version >/dev/null 2>&1; then
  export DOCKER_HOST=unix://$dir/docker.sock # a socket's path has at most 107 characters
  if ! timeout 10 docker version >/dev/null 2>&1; then
    # In a session of its own, so that a Ctrl-C here does not reach it, and with no pipe that somebody waits for.
    setsid nohup dockerd -H "$DOCKER_HOST" --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/dockerd.pid" \
      >"$dir/engine.log" 2>&1 </dev/null &
    echo $! >"$dir/engine.pid"
    for _ in $(seq 300); do
      if docker version >/dev/null 2>&1; then break; fi
      sleep 0.1
    done
    if ! docker version >/dev/null 2>&1; then
      tail -n 20 "$dir/engine.log" >&2
      echo "up.sh: the engine did not start; its log: $dir/engine.log" >&2
      exit 1
    fi
  fi
fi

if ! docker image inspect "$image" >/dev/null 2>&1; then
  bash "$here/base-image.sh" "$image" >/dev/null
fi
printf 'export %s\n' ${DOCKER_HOST:+"DOCKER_HOST=$DOCKER_HOST"} "ORCH_TEST_IMAGE=$image" >"$dir/env"
