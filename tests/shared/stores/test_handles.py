"""`X_tracked_handles` on a real MongoDB."""

from __future__ import annotations

from shared.stores.bundle import Stores
from shared.stores.database import Db
from tests.shared.stores.conftest import AWKWARD_IDS, HOUR, NOW, CommandCount, user_of


def reasons(stores: Stores) -> dict[str, str | None]:
    """Why X gave no account, by name."""
    return {document["_id"]: document.get("missing") for document in stores.handles.all()}


def test_many_names_are_one_command(counted: Stores, commands: CommandCount) -> None:
    """Following, learning and noting what is missing cost one round trip each, none for none."""
    names = [f"user{number}" for number in range(100)]
    users = [user_of(number, name) for number, name in enumerate(names)]

    assert commands.during(lambda: counted.handles.activate(names, now=NOW)) == ["update"]
    assert commands.during(lambda: counted.handles.learn(users, now=NOW)) == ["find", "update"]
    assert commands.during(lambda: counted.handles.note_missing(dict.fromkeys(names, "x"), now=NOW)) == ["update"]
    assert commands.during(lambda: counted.handles.deactivate(names, now=NOW)) == ["update"]
    assert commands.during(lambda: counted.handles.activate([], now=NOW)) == []
    assert commands.during(lambda: counted.handles.learn([], now=NOW)) == []
    assert commands.during(lambda: counted.handles.note_missing({}, now=NOW)) == []


def test_names_are_one_whatever_their_case(stores: Stores) -> None:
    """Followed as NASA, asked for as nasa: one account, in the spelling of the first time."""
    stores.handles.activate(["NASA", "nasa"], now=NOW)
    stores.handles.activate(["Nasa"], now=NOW + HOUR)

    (document,) = stores.handles.all()
    assert (document["_id"], document["username"], document["created_at"]) == ("nasa", "NASA", NOW)
    assert stores.handles.active_among(["NaSa", "esa"]) == {"nasa"}


def test_followed_no_longer_and_again(stores: Stores) -> None:
    """The document stays; only whether it is active changes."""
    stores.handles.activate(["nasa", "esa"], now=NOW)
    stores.handles.learn([user_of(5, "nasa")], now=NOW)

    stores.handles.deactivate(["NASA"], now=NOW + HOUR)
    assert stores.handles.active_among(["nasa", "esa"]) == {"esa"}
    assert stores.handles.active_user_ids() == []
    assert len(stores.handles.all()) == 2
    assert [d["_id"] for d in stores.handles.all(active_only=True)] == ["esa"]

    stores.handles.activate(["nasa"], now=NOW + HOUR)
    assert stores.handles.active_user_ids() == [5]


def test_accounts_are_learnt_from_what_comes_along(stores: Stores) -> None:
    """Ids of any size and X's spelling; strangers are not followed because they were seen."""
    names = [f"user{index}" for index in range(len(AWKWARD_IDS))]
    stores.handles.activate(names, now=NOW)

    users = [user_of(user_id, name.upper()) for user_id, name in zip(AWKWARD_IDS, names, strict=True)]
    stores.handles.learn([*users, user_of(1, "stranger")], now=NOW)

    assert sorted(stores.handles.active_user_ids()) == sorted(AWKWARD_IDS)
    assert [d["username"] for d in stores.handles.all()] == [name.upper() for name in names]


def test_an_account_that_turns_up_is_missing_no_longer(stores: Stores) -> None:
    """Also when its id was known before: suspended yesterday, back today."""
    stores.handles.activate(["nasa", "esa"], now=NOW)
    stores.handles.learn([user_of(5, "nasa")], now=NOW)
    stores.handles.note_missing({"NASA": "suspended", "esa": "not-found"}, now=NOW)
    assert reasons(stores) == {"nasa": "suspended", "esa": "not-found"}

    stores.handles.learn([user_of(5, "nasa"), user_of(6, "esa")], now=NOW)

    assert reasons(stores) == {"nasa": None, "esa": None}


def test_learning_what_is_known_changes_nothing(stores: Stores, mongo_db: Db) -> None:
    """Every page brings the same accounts: the document is left as it is."""
    stores.handles.activate(["nasa"], now=NOW)
    stores.handles.learn([user_of(5, "nasa")], now=NOW)
    before = mongo_db["X_tracked_handles"].find_one()

    stores.handles.learn([user_of(5, "nasa")], now=NOW + HOUR)

    assert mongo_db["X_tracked_handles"].find_one() == before


def test_names_on_which_x_has_no_word_are_asked_for_again(stores: Stores) -> None:
    """Not found, suspended and protected are words; unknown and passing faults are not."""
    words = ["not-found", "suspended", "protected", "unknown", "internal-error"]
    stores.handles.activate([*words, "silent", "found", "left", "late"], now=NOW)
    stores.handles.note_missing({word: word for word in words}, now=NOW)
    stores.handles.learn([user_of(5, "found")], now=NOW)
    stores.handles.deactivate(["left"], now=NOW)
    stores.handles.activate(["late"], now=NOW + HOUR)

    assert stores.handles.unresolved(before=NOW + HOUR) == ["internal-error", "silent", "unknown"]
    assert stores.handles.unresolved(before=NOW) == []
