"""Random records and cache entries, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from orch.model.artifacts import Artifact
from orch.model.index import Entry
from orch.model.records import Failure, StepRecord
from orch.model.runs import RunInfo, RunRecord
from orch.model.states import State

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
DIGESTS = st.integers(0, 2**256 - 1).map(lambda number: f"sha256:{number:064x}")
JSON = st.recursive(st.none() | st.booleans() | st.integers() | TEXTS, lambda inner: st.lists(inner, max_size=2), max_leaves=4)
TABLES = st.dictionaries(TEXTS, JSON, max_size=3)
SECONDS = st.floats(0, 1e6)
COUNTS = st.integers(1, 9)

artifacts = st.builds(
    Artifact,
    DIGESTS,
    st.integers(0, 2**60),
    TEXTS,
    TEXTS,
    st.lists(DIGESTS, max_size=2).map(tuple),
    st.none() | TABLES,
    TEXTS,
    st.booleans(),
    st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
    st.none() | st.integers(0, 9),
)
FLAGS = st.dictionaries(TEXTS, st.booleans(), max_size=2)
failures = st.builds(Failure, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, st.integers(0, 9999))
outputs = st.dictionaries(TEXTS, artifacts, max_size=2)
step_records = st.builds(
    StepRecord,
    step=TEXTS,
    state=st.sampled_from(State),
    attempt=COUNTS,
    tries=COUNTS,
    started=TEXTS,
    duration=SECONDS,
    inputs=st.dictionaries(TEXTS, DIGESTS.map(lambda digest: {"digest": digest}), max_size=2),
    outputs=outputs,
    failure=st.none() | failures,
    reason=TEXTS,
    environment=st.dictionaries(st.sampled_from(["orch", "python", "os", "arch", "later"]), TEXTS),
    metadata=TABLES,
    flags=FLAGS,
    key=st.just("") | DIGESTS,
    facts=TABLES,
    cached_from=TEXTS,
    cause=TEXTS,
    hook=st.none() | failures,
)
run_infos = st.builds(
    RunInfo,
    run=TEXTS,
    pipeline=TEXTS,
    orchestrator=st.sampled_from(["local", "act", "github"]),
    attempt=COUNTS,
    started=TEXTS,
    parameters=TABLES,
    trigger=st.sampled_from(["manual", "schedule", "push"]),
    source=TEXTS,
    commit=TEXTS,
    actor=TEXTS,
    url=TEXTS,
    logical_date=TEXTS,
    part=st.lists(TEXTS, max_size=2).map(tuple),
)
run_records = st.builds(
    RunRecord, run_infos, st.sampled_from(State), st.lists(step_records, max_size=2).map(tuple), TEXTS, SECONDS, st.none() | failures
)
entries = st.builds(Entry, DIGESTS, TEXTS, TEXTS, TEXTS, TEXTS, TABLES, outputs, TABLES, flags=FLAGS)
