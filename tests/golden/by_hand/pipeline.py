"""What people add to jobs and to the workflow by hand, beside what orch says."""

from __future__ import annotations

from orch import StepRetryConfig, WorkflowCall, pipeline, step

POSTGRES = "postgres@sha256:4327b9fd295502f326f44153a1045a7170ddbfffed1c3829798328556cfd09e2"


@step
def plain() -> int:
    return 1


@step(
    secrets=["DATABASE_PASSWORD"],
    retry=StepRetryConfig(max_retries=1),
    github={
        "runs-on": {"group": "data", "labels": ["linux", "x64"]},
        "services": {
            "db": {
                "image": POSTGRES,
                "env": {"POSTGRES_PASSWORD": "${{ secrets.DATABASE_PASSWORD }}"},
                "ports": ["5432:5432"],
                "options": "--health-cmd pg_isready --health-interval 5s",
            },
        },
        "env": {"PGHOST": "localhost", "PGPORT": 5432},
        "permissions": {"packages": "read"},
        "concurrency": {"group": "database", "cancel-in-progress": False},
        "before": [
            {
                "name": "Fill the database",
                "run": 'psql --file "$FILE"\n',
                "env": {"FILE": "data/seed.sql", "REF": "${{ github.ref }}"},
                "timeout-minutes": 5,
            },
        ],
        "after": [
            {
                "uses": "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1",
                "if": "${{ always() }}",
                "with": {"name": "plots", "path": "plots"},
            },
        ],
    },
)
def query(x: int) -> int:
    return x


@step(github={"container": {"image": POSTGRES}, "defaults": {"run": {"shell": "bash"}}, "runs-on": "ubuntu-24.04-arm"})
def inside(x: int) -> int:
    return x


@pipeline(github={"run-name": "churn of ${{ github.ref_name }}", "env": {"PIP_INDEX_URL": "https://index.example/simple"}}, triggers=[WorkflowCall()])
def churn() -> None:
    inside(query(plain()))
