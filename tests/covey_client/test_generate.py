"""What of the client is made from the description."""

from __future__ import annotations

from covey_client import api
from tests.covey_client.generate import FOLDER, made


def test_the_client_is_in_step_with_the_description() -> None:
    """A change of the API is a change of the client: `python -m tests.covey_client.generate` writes it."""
    for name, text in made().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, name


def test_both_clients_have_the_same_calls() -> None:
    """What can be called can be awaited."""
    subjects, awaited = vars(api.Api(print)), vars(api.AsyncApi(print))  # type: ignore[arg-type]
    assert subjects.keys() == awaited.keys()
    for name, subject in subjects.items():
        assert _calls(subject) == _calls(awaited[name])


def _calls(subject: object) -> set[str]:
    return {name for name in dir(subject) if not name.startswith("_")}
