from __future__ import annotations

import pytest

from orch.model.globs import problem, touches


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        # https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#patterns-to-match-file-paths
        ("*", "README.md"),
        ("*.jsx?", "page.js"),
        ("*.jsx?", "page.jsx"),
        ("**", "all/the/files.md"),
        ("*.js", "app.js"),
        ("**.js", "src/js/app.js"),
        ("docs/*", "docs/README.md"),
        ("docs/**", "docs/mona/octocat.txt"),
        ("docs/**/*.md", "docs/README.md"),
        ("docs/**/*.md", "docs/mona/hello-world.md"),
        ("**/docs/**", "docs/hello.md"),
        ("**/docs/**", "dir/docs/my-file.txt"),
        ("**/README.md", "README.md"),
        ("**/README.md", "js/README.md"),
        ("**/*src/**", "a/src/app.js"),
        ("**/*src/**", "my-src/code/js/app.js"),
        ("**/*-post.md", "path/their-post.md"),
        ("**/migrate-*.sql", "db/sept/migrate-v1.sql"),
        ("v[12].[0-9]+.[0-9]+", "v1.10.1"),
        ("[CB]at", "Bat"),
        ("a\\*b", "a*b"),
        ("a.b", "a.b"),
        ("données/**", "données/été\n.csv"),
    ],
)
def test_a_pattern_fits_what_github_says_it_fits(glob: str, path: str) -> None:
    assert touches([glob], [path])


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("*", "docs/README.md"),
        ("*.js", "src/app.js"),
        ("docs/*", "docs/mona/octocat.txt"),
        ("docs/**", "docs"),
        ("*.jsx?", "page.jsxx"),
        ("[CB]at", "Rat"),
        ("a.b", "axb"),
        ("data", "data/x"),
    ],
)
def test_and_nothing_else(glob: str, path: str) -> None:
    assert not touches([glob], [path])


@pytest.mark.parametrize(
    ("globs", "paths", "meant"),
    [
        (["sub/**", "!sub/docs/**"], ["sub/docs/a.md"], False),
        (["sub/**", "!sub/docs/**"], ["sub/docs/a.md", "sub/a.py"], True),
        (["sub/**", "!sub/docs/**", "sub/docs/keep.md"], ["sub/docs/keep.md"], True),
        (["a", "b"], ["b"], True),
        (["a"], [], False),
    ],
)
def test_the_last_pattern_that_fits_a_path_decides(globs: list[str], paths: list[str], meant: bool) -> None:
    assert touches(globs, paths) is meant


@pytest.mark.parametrize(
    ("globs", "told"),
    [
        (["data/**", "!data/raw/**"], None),
        (["!data/**"], "'!data/**' takes out of nothing: a pattern without '!' comes first"),
        (["a", ""], "'' is empty"),
        (["a", "!"], "'!' is empty"),
        (["[a"], "'[a' has a '[' that is not closed"),
        (["?a"], "'?a' has a '?' with nothing before it that it could repeat"),
        (["a/+"], "'a/+' has a '+' with nothing before it that it could repeat"),
        (["[z-a]"], "'[z-a]' cannot be read: bad character range z-a at position 1"),
    ],
)
def test_what_github_could_not_read_is_told(globs: list[str], told: str | None) -> None:
    assert problem(globs) == told
