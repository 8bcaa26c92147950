# Functions around uv, for the scripts beside this one to source. They read the answers of needs.py from the environment.
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$RUNNER_TEMP/orch
venv=${ORCH_VENV:-$work/venv}
export UV_CACHE_DIR=${UV_CACHE_DIR:-$work/uv-cache} UV_NO_PROGRESS=1

# A runner behind a mirror names its index and its certificates to pip or to uv: what one of them is told is meant for both. But a
# uv.lock names its index itself, and uv refuses the lock where it is told of another.
share_settings() {
  local index=${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-}}
  if [[ $index == *=*://* ]]; then index=${index#*=}; fi # as `name=https://...`
  if [[ -n ${PIP_INDEX_URL:-} && -z $index && ${ORCH_KIND:-} != lock ]]; then
    export UV_DEFAULT_INDEX=$PIP_INDEX_URL
    if [[ -n ${PIP_EXTRA_INDEX_URL:-} && -z ${UV_INDEX:-}${UV_EXTRA_INDEX_URL:-} ]]; then export UV_INDEX=$PIP_EXTRA_INDEX_URL; fi
  elif [[ -z ${PIP_INDEX_URL:-} && -n $index ]]; then
    export PIP_INDEX_URL=$index
  fi
  if [[ -n ${PIP_CERT:-} ]]; then export SSL_CERT_FILE=${SSL_CERT_FILE:-$PIP_CERT}; fi
  if [[ -n ${SSL_CERT_FILE:-} ]]; then export PIP_CERT=${PIP_CERT:-$SSL_CERT_FILE}; fi
}
share_settings

fail() {
  echo "::error title=orch::$1"
  exit 2
}

# Sets `uv`: what is on the PATH if it is the pinned version (any, with bootstrap: preinstalled), else the pinned wheel.
find_uv() {
  local wanted
  wanted=$(sed -n 's/^uv==\([0-9.]*\).*/\1/p' "$here/uv.txt")
  uv=$(command -v uv || true)
  if [[ ${ORCH_BOOTSTRAP:-index} == preinstalled ]]; then
    [[ -n $uv ]] || fail "bootstrap is 'preinstalled', and this runner has no uv on its PATH: put uv $wanted there, or use bootstrap: index"
  elif [[ -z $uv || $("$uv" --version 2>/dev/null) != "uv $wanted"* ]]; then
    echo "installing uv $wanted"
    python3 -I -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all: --no-deps \
      --target "$work/uv" --requirement "$here/uv.txt" ||
      fail "uv $wanted could not be installed from the Python index: put uv on the runner's PATH and use bootstrap: preinstalled"
    uv=$work/uv/bin/uv
  fi
}

# Sets `interpreter`: the Python of a new environment that holds exactly what the project asks for.
make_environment() {
  local options=() name
  "$uv" venv --quiet --no-project --python "${ORCH_PYTHON:->=3.11}" "$venv"
  interpreter=$venv/bin/python
  [[ -x $interpreter ]] || interpreter=$venv/Scripts/python.exe
  set -f # `*` among the extras and groups stands for all of them
  for name in ${ORCH_EXTRAS:-}; do
    if [[ $name == '*' ]]; then options+=(--all-extras); else options+=(--extra "$name"); fi
  done
  for name in ${ORCH_GROUPS:-}; do
    if [[ $name != '*' ]]; then
      options+=(--group "$name")
    elif [[ $ORCH_KIND == lock ]]; then # `uv pip install` has no option for all groups
      options+=(--all-groups)
    fi
  done
  set +f
  case $ORCH_KIND in
  lock)
    UV_PROJECT_ENVIRONMENT=$venv "$uv" sync --locked --no-default-groups --project "$ORCH_PROJECT" --python "$interpreter" ${options[@]+"${options[@]}"}
    ;;
  pyproject)
    (cd "$ORCH_PROJECT" && "$uv" pip install --python "$interpreter" --requirement pyproject.toml ${options[@]+"${options[@]}"})
    ;;
  requirements)
    if [[ $ORCH_HASHES == true ]]; then options=(--require-hashes); else options=(); fi
    "$uv" pip install --python "$interpreter" --requirement "$ORCH_FILE" ${options[@]+"${options[@]}"}
    ;;
  esac
}
