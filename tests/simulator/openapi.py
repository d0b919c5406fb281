"""Checks real answers against the published OpenAPI specs, where they are beside the repository."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "reference"
FILES = {"old": "openapi-2.166.json", "new": "openapi-2.167.json"}


@cache
def spec(dialect: str) -> dict[str, Any]:
    """Return the spec of a dialect; skip the test where it is absent."""
    path = REFERENCE / FILES[dialect]
    if not path.exists():
        pytest.skip(f"{FILES[dialect]} is not beside the repository")
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


@cache
def _validator(dialect: str, reference: str) -> OAS30Validator:
    resource = Resource.from_contents(spec(dialect), default_specification=DRAFT202012)
    registry = Registry().with_resource("urn:spec", resource)
    return OAS30Validator({"$ref": f"urn:spec{reference}"}, registry=registry, format_checker=oas30_format_checker)


def faults(dialect: str, path: str, body: object, method: str = "get") -> list[str]:
    """Return what the schema of a 200 of `path` has against a body."""
    schema = spec(dialect)["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
    return _listed(_validator(dialect, schema["$ref"]), body)


def payload_faults(event: dict[str, Any]) -> list[str]:
    """Return what the schemas have against an event of the activity stream.

    Its payload is held against the schema that its type names; X lists them under `oneOf`, which two of them fit. Posts
    come in the old dialect, whatever the newer spec says.
    """
    data = dict(event["data"])
    payload = data.pop("payload")
    named = spec("new")["components"]["schemas"]["ActivityStreamingResponsePayload"]["discriminator"]["mapping"]
    schema = ("old", "#/components/schemas/Tweet") if data["event_type"] == "post.create" else None
    return [
        *faults("new", "/2/activity/stream", {"data": data}),
        *_listed(_validator(*(schema or ("new", named[data["event_type"]]))), payload),
    ]


def problem_faults(dialect: str, body: object) -> list[str]:
    """Return what the schema of a problem has against an error body."""
    return _listed(_validator(dialect, "#/components/schemas/Problem"), body)


def _listed(validator: OAS30Validator, body: object) -> list[str]:
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message}"[:300] for error in validator.iter_errors(body)
    ]
