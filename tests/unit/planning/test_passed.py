"""What the type of an output says of the code that its values bring along."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.planning.passed import Passed, passed_by, roots


@pytest.mark.parametrize(
    ("annotation", "passed"),
    [
        ("int", Passed.NOTHING),
        ("str | None", Passed.NOTHING),
        ("Optional[dict[str, list[float]]]", Passed.NOTHING),
        ("tuple[int, ...]", Passed.NOTHING),
        ("Literal['Model', \"x\"]", Passed.NOTHING),
        ("datetime.datetime", Passed.NOTHING),
        ("Path", Passed.NOTHING),
        ("pd.DataFrame", Passed.LIBRARY),
        ("np.ndarray[Any]", Passed.ANYTHING),
        ("npt.NDArray[float]", Passed.LIBRARY),
        ("list[pd.DataFrame]", Passed.LIBRARY),
        ("", Passed.ANYTHING),
        ("Any", Passed.ANYTHING),
        ("object", Passed.ANYTHING),
        ("list", Passed.ANYTHING),
        ("dict[str, Model]", Passed.ANYTHING),
        ("Model", Passed.ANYTHING),
        ("models.Model | None", Passed.ANYTHING),
        ("'Model'", Passed.ANYTHING),
    ],
)
def test_types_tell_what_values_may_be(annotation: str, passed: Passed) -> None:
    assert passed_by(annotation) is passed


def test_the_roots_of_a_type_are_the_names_that_its_module_knows() -> None:
    assert roots("dict[str, pd.DataFrame | models.sub.Model]") == {"dict", "str", "pd", "models"}


@given(annotation=st.text(max_size=30))
def test_no_annotation_is_a_crash(annotation: str) -> None:
    assert passed_by(annotation) in Passed
    assert isinstance(roots(annotation), set)
