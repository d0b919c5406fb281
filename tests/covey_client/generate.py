"""`python -m tests.covey_client.generate` makes the client's `models` and `api` from docs/openapi.json."""

from __future__ import annotations

import json
import keyword
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.ops.artifacts import ROOT

FOLDER = ROOT / "covey_client"
METHODS = ("get", "post", "put", "patch", "delete")
SIMPLE = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
MADE = """Made from docs/openapi.json by `python -m tests.covey_client.generate`; not to be edited."""
Schema = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One route as the client has it."""

    group: str
    name: str
    method: str
    path: str
    about: str
    in_path: list[tuple[str, str]]
    in_query: list[tuple[str, str, bool]]
    in_header: list[tuple[str, str, bool]]
    body: str | None
    body_required: bool
    answer: str
    row: str | None


def name_of(text: str) -> str:
    """A name of Python for a name of the description."""
    found = re.sub(r"\W+", "_", text).strip("_")
    return f"{found}_" if keyword.iskeyword(found) else found


def class_of(text: str) -> str:
    """The class of a schema."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"\W|_", text) if part)


def type_of(schema: Schema, prefix: str = "") -> str:
    """The type of what a schema describes."""
    if "$ref" in schema:
        return prefix + class_of(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return f"Literal[{schema['const']!r}]"
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]"
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " | ".join(dict.fromkeys(type_of(one, prefix) for one in schema[several]))
    if len(schema.get("allOf", ())) == 1:
        return type_of(schema["allOf"][0], prefix)
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(dict.fromkeys(SIMPLE.get(one, "Any") for one in kind))
    if kind == "array":
        return f"list[{type_of(schema.get('items', {}), prefix)}]"
    if kind == "object":
        more = schema.get("additionalProperties")
        return f"dict[str, {type_of(more, prefix) if isinstance(more, dict) else 'Any'}]"
    return SIMPLE.get(str(kind), "Any")


def models(description: Schema) -> str:
    """The module of all schemas."""
    blocks = [f'"""What is sent and answered.\n\n{MADE}\n"""', "from __future__ import annotations"]
    blocks.append("from typing import Any, Literal, NotRequired, TypedDict")
    for name, schema in sorted(description["components"]["schemas"].items()):
        title = class_of(name)
        if schema.get("type") != "object" or "properties" not in schema:
            blocks.append(f"{title} = {type_of(schema)}")
            continue
        required = set(schema.get("required", ()))
        about = _about(schema.get("description", f"{title}."), 4)
        lines = [f"class {title}(TypedDict):", f'    """{about}"""', ""]
        for field, its in schema["properties"].items():
            found = type_of(its)
            lines.append(f"    {field}: {found if field in required else f'NotRequired[{found}]'}")
        plain = all(field.isidentifier() and not keyword.iskeyword(field) for field in schema["properties"])
        blocks.append("\n".join(lines) if plain else f"{title} = dict[str, Any]")
    return "\n\n".join(blocks) + "\n"


def operations(description: Schema) -> Iterator[Operation]:
    """All routes of /v1."""
    schemas = description["components"]["schemas"]
    for path, methods in sorted(description["paths"].items()):
        for method in METHODS:
            if method in methods and path.startswith("/v1/"):
                yield _operation(path, method, methods[method], schemas)


def _operation(path: str, method: str, its: Schema, schemas: Schema) -> Operation:
    group = its["tags"][0]
    given = its.get("parameters", ())
    good = next(answer for status, answer in its["responses"].items() if status.startswith("2"))
    content = good.get("content", {}).get("application/json", {}).get("schema")
    answer = "None" if content is None else type_of(content, "models.")
    priced = its["responses"].get("202", {}).get("content", {}).get("application/json", {}).get("schema")
    if priced is not None and priced != content:  # a run, or with `dry_run` its price
        answer = f"{type_of(priced, 'models.')} | {answer}"
    page = schemas.get(content["$ref"].rpartition("/")[2], {}) if content and "$ref" in content else {}
    is_paged = {"data", "next_cursor"} <= page.get("properties", {}).keys() and any(
        one["name"] == "cursor" for one in given
    )
    body = its.get("requestBody", {})
    sent = body.get("content", {}).get("application/json", {}).get("schema")
    return Operation(
        group=name_of(group),
        name=its["operationId"].removeprefix(f"{group}_"),
        method=method.upper(),
        path=path,
        about=its.get("description", ""),
        in_path=[(one["name"], type_of(one["schema"], "models.")) for one in given if one["in"] == "path"],
        in_query=[
            (one["name"], type_of(one["schema"], "models."), one.get("required", False))
            for one in given
            if one["in"] == "query"
        ],
        in_header=[
            (one["name"], type_of(one["schema"], "models."), one.get("required", False))
            for one in given
            if one["in"] == "header"
        ],
        body=type_of(sent, "models.") if sent is not None else ("Any" if body else None),
        body_required=bool(body.get("required")),
        answer=answer,
        row=type_of(page["properties"]["data"]["items"], "models.") if is_paged else None,
    )


def api(description: Schema) -> str:
    """The module of all routes, twice: to be called, and to be awaited."""
    groups: dict[str, list[Operation]] = {}
    for one in operations(description):
        groups.setdefault(one.group, []).append(one)
    blocks = [
        f'"""What there is to call, by subject.\n\n{MADE}\n"""',
        "# ruff: noqa: F401, RUF100",  # which names of typing are needed depends on what there is
        "from __future__ import annotations",
        "from collections.abc import AsyncIterator, Awaitable, Callable, Iterator\n"
        "from typing import Any, Literal, cast",
        "from covey_client import models\nfrom covey_client.calls import Call, call",
        "Send = Callable[[Call], Any]\nAsyncSend = Callable[[Call], Awaitable[Any]]",
    ]
    for is_async in (False, True):
        prefix, send = ("Async", "AsyncSend") if is_async else ("", "Send")
        for group, found in sorted(groups.items()):
            lines = [f"class {prefix}{class_of(group)}:", f'    """Calls about {group}."""', ""]
            lines += [f"    def __init__(self, send: {send}) -> None:", "        self._send = send", ""]
            for one in found:
                lines += _method(one, is_async=is_async)
                lines += _iterator(one, is_async=is_async) if one.row else []
            blocks.append("\n".join(lines))
        lines = [f"class {prefix}Api:", '    """All subjects."""', "", f"    def __init__(self, send: {send}) -> None:"]
        lines += [f"        self.{group} = {prefix}{class_of(group)}(send)" for group in sorted(groups)]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _parameters(one: Operation, *, without: tuple[str, ...] = (), key: bool = True) -> str:
    first = ["self", *(f"{name_of(name)}: {found}" for name, found in one.in_path)]
    if one.body is not None:
        first.append(f"body: {one.body}" if one.body_required else f"body: {one.body} | None = None")
    named = [
        f"{name_of(name)}: {found}" if required else f"{name_of(name)}: {found}{_or_none(found)} = None"
        for name, found, required in (*one.in_query, *one.in_header)
        if name not in without
    ]
    if one.method == "POST" and key:
        named.append("idempotency_key: str | None = None")
    return ", ".join([*first, *(["*", *named] if named else [])])


def _or_none(found: str) -> str:
    return "" if found.endswith("None") else " | None"


def _call(one: Operation) -> str:
    def written(names: list[str]) -> str:
        return "{" + ", ".join(f'"{name}": {name_of(name)}' for name in names) + "}"

    values = written([name for name, _ in one.in_path])
    query, headers = written([name for name, *_ in one.in_query]), written([name for name, *_ in one.in_header])
    path = re.sub(r"{(\w+)}", lambda found: "{" + found[1] + "}", one.path)
    key = "idempotency_key" if one.method == "POST" else "None"
    body = "body" if one.body is not None else "None"
    return f'call("{one.method}", "{path}", {values}, {query}, {headers}, {body}, {key})'


def _method(one: Operation, *, is_async: bool) -> list[str]:
    begin, wait = ("async def", "await ") if is_async else ("def", "")
    sent = f"{wait}self._send({_call(one)})"
    end = f"        {sent}" if one.answer == "None" else f"        return cast({one.answer!r}, {sent})"
    about = _about(one.about or one.path, 8)
    return [f"    {begin} {one.name}({_parameters(one)}) -> {one.answer}:", f'        """{about}"""', end, ""]


def _iterator(one: Operation, *, is_async: bool) -> list[str]:
    begin, wait, kind = ("async def", "await ", "AsyncIterator") if is_async else ("def", "", "Iterator")
    names = [name_of(name) for name, _ in one.in_path]
    names += [f"{name_of(name)}={name_of(name)}" for name, *_ in (*one.in_query, *one.in_header) if name != "cursor"]
    return [
        f"    {begin} iter_{one.name}({_parameters(one, without=('cursor',))}) -> {kind}[{one.row}]:",
        f'        """All rows of `{one.name}`, page by page."""',
        "        cursor: str | None = None",
        "        while True:",
        f"            page = {wait}self.{one.name}({', '.join([*names, 'cursor=cursor'])})",
        *(
            ['            for row in page["data"]:', "                yield row"]
            if is_async
            else ['            yield from page["data"]']
        ),
        '            cursor = page["next_cursor"]',
        "            if cursor is None:",
        "                return",
        "",
    ]


def _about(text: str, indent: int) -> str:
    """Words of the description as a docstring of lines that fit."""
    words, lines = text.replace("\\", "\\\\").replace('"""', "'''").split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > 110 - indent:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return ("\n" + " " * indent).join(lines)


def text(source: str) -> str:
    """As the formatter leaves it."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(FOLDER / "made.py"), "-"]
    return subprocess.run(command, input=source, text=True, capture_output=True, check=True).stdout


def made() -> dict[str, str]:
    """The modules by their file names."""
    description = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    return {"models.py": text(models(description)), "api.py": text(api(description))}


if __name__ == "__main__":
    for name, found in made().items():
        (FOLDER / name).write_text(found, encoding="utf-8")
