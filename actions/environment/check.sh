#!/usr/bin/env bash
# Runs `orch check` in an environment of its own: the project's packages, because its modules are imported, and then
# what this toolkit's commands need, in the versions that it is tested with.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=uv.sh
source "$(dirname "${BASH_SOURCE[0]}")/uv.sh"
root=$(cd "$here/../.." && pwd)

find_uv
make_environment
IFS='|' read -r -a requirements <<<"${ORCH_REQUIREMENTS:-}"
for file in ${requirements[@]+"${requirements[@]}"}; do
  "$uv" pip install --python "$interpreter" --requirement "$file"
done
"$uv" pip install --quiet --python "$interpreter" --require-hashes --requirement "$here/toolkit.txt"

pipelines=()
while IFS= read -r line; do
  if [[ -n $line ]]; then pipelines+=("$line"); fi
done <<<"${ORCH_PIPELINES:-}"
export PYTHONPATH=$root/toolkit${PYTHONPATH:+:$PYTHONPATH}
base=()
if [[ -n ${ORCH_BASE:-} ]]; then base=(--base "$ORCH_BASE"); fi
exec "$interpreter" -P -m orch check ${base[@]+"${base[@]}"} ${pipelines[@]+"${pipelines[@]}"}
