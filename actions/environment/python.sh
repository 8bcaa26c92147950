#!/usr/bin/env bash
# Finds or makes the Python that the user's code runs with, and names it in GITHUB_OUTPUT as `python`.
#
# Nothing is installed where nothing is needed: a runner's own python3 from 3.11 on serves a project without packages.
# Otherwise uv makes an environment of exactly what the lock, the requirements or the pyproject.toml say.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=uv.sh
source "$(dirname "${BASH_SOURCE[0]}")/uv.sh"

# Whether the python3 at hand is new enough, and the one that is wanted.
serves() {
  local version
  version=$(python3 -I -c 'import sys; print(".".join(map(str, sys.version_info[:3])) if sys.version_info >= (3, 11) else "")')
  [[ -n $version ]] && [[ -z $ORCH_PYTHON || $version == "$ORCH_PYTHON" || $version == "$ORCH_PYTHON".* ]]
}

if [[ $ORCH_KIND == none ]] && serves; then
  interpreter=$(command -v python3)
else
  find_uv
  # Where nothing else is asked for, the same Python as without packages: then it is known which one before there is an environment.
  if [[ -z $ORCH_PYTHON ]] && serves; then ORCH_PYTHON=$(command -v python3); fi
  make_environment
fi
echo "python=$interpreter" >>"$GITHUB_OUTPUT"
