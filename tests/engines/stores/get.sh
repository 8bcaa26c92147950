#!/usr/bin/env bash
# get.sh: the servers of object stores that tests talk to, built or installed once into the folder of .ci/run: versitygw (S3),
# fake-gcs-server (Google Cloud Storage) and azurite (Azure Blob). What is there in the right version is left alone.
set -euo pipefail
tools=${XDG_CACHE_HOME:-$HOME/.cache}/orch-ci
mkdir -p "$tools/bin"

from_go() { # NAME MODULE VERSION
  if [[ ! -x $tools/bin/$1 || $(<"$tools/$1.version") != "$3" ]]; then
    GOBIN=$tools/bin go install "$2@$3"
    echo "$3" >"$tools/$1.version"
  fi 2>&1 | { grep -v '^go: downloading' || true; } >&2
}
from_go versitygw github.com/versity/versitygw/cmd/versitygw v1.8.0
from_go fake-gcs-server github.com/fsouza/fake-gcs-server v1.56.1

azurite=3.35.0
if ! grep -q "\"version\": \"$azurite\"" "$tools/azurite/node_modules/azurite/package.json" 2>/dev/null; then
  npm install --silent --no-fund --no-audit --ignore-scripts --prefix "$tools/azurite" "azurite@$azurite"
fi
ln -sfn ../azurite/node_modules/.bin/azurite-blob "$tools/bin/azurite-blob"
