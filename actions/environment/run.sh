#!/usr/bin/env bash
# Starts the entrypoint in place of this shell, so that the signals of a cancelled job reach Python itself.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$RUNNER_TEMP/orch
export PYTHONPATH=$here/toolkit${PYTHONPATH:+:$PYTHONPATH}
# Sets and dicts in the same order as on a laptop; set before Python starts, so that the step's process can be a copy of this one.
export PYTHONHASHSEED=${PYTHONHASHSEED:-0}
mkdir -p "$work"
# What an earlier use of the action in the same job left behind is not this one's; what this one's look has found, is.
[[ -n ${ORCH_ONLY:-} ]] ||
  rm -rf "${work:?}/outputs" "${work:?}/record" "${work:?}/home" "${work:?}/run" "${work:?}/plan" "${work:?}/index"

case $1 in
step)
  mkdir -p "$work/inputs"
  options=(--pickle "${ORCH_PICKLE:-allow}")
  [[ -z ${ORCH_LEG:-} ]] || options+=(--leg "$ORCH_LEG")
  [[ -z ${ORCH_ONLY:-} ]] || options+=(--only "$ORCH_ONLY")
  [[ -z ${ORCH_LOGICAL_DATE:-} ]] || options+=(--logical-date "$ORCH_LOGICAL_DATE")
  if [[ ${ORCH_STEPS:-} == *,* ]]; then
    exec "$ORCH_INTERPRETER" -P -m orch pack run --graph "$ORCH_GRAPH" --steps "$ORCH_STEPS" --project "$ORCH_PROJECT" \
      --inputs "$work/inputs" --outputs "$work/outputs" --record "$work/record" "${options[@]}"
  fi
  exec "$ORCH_INTERPRETER" -P -m orch step run --graph "$ORCH_GRAPH" --step "$ORCH_STEP" --project "$ORCH_PROJECT" \
    --inputs "$work/inputs" --outputs "$work/outputs" --record "$work/record" "${options[@]}"
  ;;
pipeline)
  options=(--pickle "${ORCH_PICKLE:-allow}")
  [[ -z ${ORCH_JOBS:-} ]] || options+=(--jobs "$ORCH_JOBS")
  [[ -z ${ORCH_LOGICAL_DATE:-} ]] || options+=(--logical-date "$ORCH_LOGICAL_DATE")
  exec "$ORCH_INTERPRETER" -P -m orch pipeline run --pipeline "$ORCH_REFERENCE" --home "$work/home" "${options[@]}"
  ;;
plan)
  exec "$ORCH_INTERPRETER" -P -m orch decide run --graph "$ORCH_GRAPH" --project "$ORCH_PROJECT" --output "$work/plan" \
    --cache "$ORCH_CACHE" --runners "$ORCH_RUNNERS" --pickle "${ORCH_PICKLE:-allow}"
  ;;
look)
  options=(--pickle "${ORCH_PICKLE:-allow}")
  [[ -z ${ORCH_LEG:-} ]] || options+=(--leg "$ORCH_LEG")
  [[ -z ${ORCH_LOGICAL_DATE:-} ]] || options+=(--logical-date "$ORCH_LOGICAL_DATE")
  mkdir -p "$work/inputs"
  exec "$ORCH_INTERPRETER" -P -m orch step look --graph "$ORCH_GRAPH" --step "$ORCH_STEP" --project "$ORCH_PROJECT" --inputs "$work/inputs" \
    --outputs "$work/outputs" --record "$work/record" --decision "$ORCH_DECISION" "${options[@]}"
  ;;
take)
  mkdir -p "$work/inputs"
  options=()
  [[ -z ${ORCH_LEG:-} ]] || options+=(--leg "$ORCH_LEG")
  exec "$ORCH_INTERPRETER" -P -m orch step take --graph "$ORCH_GRAPH" --step "$ORCH_STEP" --inputs "$work/inputs" \
    ${options[@]+"${options[@]}"}
  ;;
notify)
  mkdir -p "$work/told"
  exec "$ORCH_INTERPRETER" -P -m orch notify run --graph "$ORCH_GRAPH" --run "$work/told"
  ;;
mode-check)
  exec "$ORCH_INTERPRETER" -P -m orch mode check --graph "$ORCH_GRAPH" --step "$ORCH_STEP" --record "$work/record"
  ;;
mode-cancel)
  exec "${ORCH_INTERPRETER:-python3}" -P -m orch mode cancel
  ;;
legs)
  exec "$ORCH_INTERPRETER" -P -m orch legs count --graph "$ORCH_GRAPH" --step "$ORCH_STEP"
  ;;
result)
  mkdir -p "$work/records"
  exec "$ORCH_INTERPRETER" -P -m orch result run --graph "$ORCH_GRAPH" --project "$ORCH_PROJECT" --records "$work/records" \
    --output "$work/run" --index "$work/index" --cache "$ORCH_CACHE"
  ;;
esac
