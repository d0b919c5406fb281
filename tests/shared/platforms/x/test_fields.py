"""Every name that is asked for exists in the published spec of its dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.platforms.x import fields
from shared.platforms.x.fields import Along, Dialect

VERSIONS = {Dialect.OLD: "2.166", Dialect.NEW: "2.167"}
POST_PATHS = (
    "/2/tweets/search/recent",
    "/2/tweets",
    "/2/tweets/{id}/quote_tweets",
    "/2/users/{id}/tweets",
    "/2/users/{id}/mentions",
)


def _check(operation: dict[str, Any], parameters: dict[str, str]) -> None:
    for name, value in parameters.items():
        assert name in operation["parameters"]
        assert set(value.split(",")) <= set(operation["parameters"][name]["items"]["enum"])


@pytest.mark.parametrize("along", [(), tuple(Along)], ids=["nothing along", "all along"])
@pytest.mark.parametrize("references", [True, False])
@pytest.mark.parametrize("expand_authors", [True, False])
@pytest.mark.parametrize("path", POST_PATHS)
@pytest.mark.parametrize("dialect", Dialect)
def test_post_parameters_are_in_the_spec(
    dialect: Dialect,
    path: str,
    expand_authors: bool,
    references: bool,
    along: tuple[Along, ...],
    spec: Callable[[str, str], dict[str, Any]],
) -> None:
    """X ignores a name it does not know without a word, so none may be sent."""
    parameters = fields.post_parameters(dialect, expand_authors=expand_authors, references=references, along=along)

    _check(spec(VERSIONS[dialect], path), parameters)


@pytest.mark.parametrize("version", VERSIONS.values())
def test_other_parameters_are_in_both_specs(version: str, spec: Callable[[str, str], dict[str, Any]]) -> None:
    """Fields of accounts, media and usage have the same names in both dialects."""
    _check(spec(version, "/2/users/by"), fields.user_parameters())
    _check(spec(version, "/2/media"), fields.media_parameters())
    _check(spec(version, "/2/usage/tweets"), fields.usage_parameters())


@pytest.mark.parametrize("dialect", Dialect)
def test_authors_are_expanded_only_when_wanted(dialect: Dialect) -> None:
    """Each included account is billed, so neither the expansion nor the fields are sent unasked."""
    with_authors = fields.post_parameters(dialect, expand_authors=True, references=True)
    without = fields.post_parameters(dialect, expand_authors=False, references=True)

    assert "author_id" in with_authors["expansions"].split(",")
    assert "author_id" not in without["expansions"].split(",")
    assert "user.fields" not in without


def test_old_dialect_gets_references_without_included_posts() -> None:
    """The ids of authors and references are plain fields there: nothing is expanded that would be billed."""
    parameters = fields.post_parameters(Dialect.OLD, expand_authors=False, references=True)

    assert parameters["expansions"] == "attachments.media_keys"
    assert {"author_id", "referenced_tweets", "in_reply_to_user_id"} <= set(parameters["tweet.fields"].split(","))


def test_new_dialect_expands_references_only_when_needed() -> None:
    """There the ids come only with the included posts, so a refresh of known posts does without."""
    needed = fields.post_parameters(Dialect.NEW, expand_authors=False, references=True)
    known = fields.post_parameters(Dialect.NEW, expand_authors=False, references=False)

    assert "referenced_posts" in needed["expansions"].split(",")
    assert known["expansions"] == "attachments.media_keys"
