"""Fault scripts: what is refused, with which words, and that every kind there is can be written."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from simulator.faults.script import AnyFault, Script, load_script, read_script
from tests.simulator.conftest import Server


def _script(answer: dict[str, Any], **match: Any) -> bytes:
    return json.dumps({"rules": [{"match": match, "answer": answer}]}).encode()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (b"[]", "body: Input should be an object"),
        (b"{", "body: Invalid JSON"),
        (_script({"kind": "magic"}), "rules.0.answer: Input tag 'magic' found using 'kind' does not match"),
        (
            _script({"kind": "cut_body", "share": 3}),
            "rules.0.answer.cut_body.share: Input should be less than 1, not '3'",
        ),
        (_script({"kind": "problem", "problem": "hiccup"}), "not 'hiccup'"),
        (_script({"kind": "status"}), "rules.0.answer.status.status: Field required"),
        (_script({"kind": "pass", "delay": 3}), "rules.0.answer.pass.delay: Extra inputs are not permitted"),
        (
            _script({"kind": "pass"}, endpoint="search"),
            "rules.0.match.endpoint.0: Value error, no such endpoint; there are *,",
        ),
        (
            _script({"kind": "pass"}, probability=1.5),
            "rules.0.match.probability: Input should be less than or equal to 1",
        ),
        (_script({"kind": "pass"}, nth=0), "rules.0.match.nth.0: Input should be greater than or equal to 1, not '0'"),
    ],
)
def test_a_bad_script_is_refused_by_its_place_and_value(script: bytes, said: str) -> None:
    """Each mistake is one line that names where it is and what stands there."""
    with pytest.raises(ValueError, match=r".+") as refused:
        read_script(script)

    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_kind_has_a_name_of_its_own_and_reads_back() -> None:
    """A script with each kind, given only what it must have, is valid, and written out again it reads the same."""
    needed: dict[str, dict[str, Any]] = {"status": {"status": 418}, "problem": {"problem": "not-found"}}
    needed["cut_window"] = {"limit": 3}
    kinds = [get_args(kind.model_fields["kind"].annotation)[0] for kind in get_args(get_args(AnyFault)[0])]

    rules = [{"answer": {"kind": kind, **needed.get(kind, {})}} for kind in kinds]
    script = read_script(json.dumps({"seed": 4, "rules": rules}).encode())

    assert len(set(kinds)) == len(kinds) == 32
    assert Script.model_validate_json(script.model_dump_json()) == script


def test_a_file_is_read_at_the_start_and_named_when_it_is_bad(tmp_path: Path, serve: type) -> None:
    """`--faults FILE` is in force from the first call; a bad file is an error that names it."""
    path = tmp_path / "faults.json"
    path.write_bytes(_script({"kind": "status", "status": 418, "body": {"tea": True}}, endpoint="users", nth=2))

    server: Server = serve("--accounts", "2", "--history-hours", "2", "--faults", str(path))
    answers = [server.get("/2/users", ids=1) for _ in range(3)]
    path.write_text("nonsense")

    assert [answer.status_code for answer in answers] == [200, 418, 200]
    assert answers[1].json() == {"tea": True}
    with pytest.raises(ValueError, match=r"faults\.json: body: Invalid JSON"):
        load_script(path)
