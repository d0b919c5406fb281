"""Owns the calls about the rules of the filtered stream.

It must not match posts. Invariant: what is refused changes nothing; each of several rules is taken or refused by
itself.
"""

from typing import Any

from simulator.calls import Answer, JsonObject, json_answer
from simulator.clock import iso_ms
from simulator.endpoints.context import Context
from simulator.problems import Invalid, InvalidRequest
from simulator.query import Node, QueryError, parse, require_standalone
from simulator.streams.books import MAX_RULE_LENGTH, MAX_RULES, Duplicate, Full, Rule


def rules(context: Context) -> Answer:
    """`GET` lists the rules, `POST` adds or deletes some."""
    if context.call.method == "POST":
        return _change_rules(context)
    mine = list(context.streams.books.rules(context.call.credential.project).values())
    if context.params.text("ids") is not None:
        wanted = set(context.params.many("ids"))
        mine = [one for one in mine if str(one.id) in wanted]
    shown, meta = context.list_page(mine, 1000)
    meta = {"sent": iso_ms(context.call.at_ms), **meta}
    return json_answer(200, ({"data": [_rule(one) for one in shown]} if shown else {}) | {"meta": meta})


def _change_rules(context: Context) -> Answer:
    order = context.order({"add", "delete"})
    if len(order) != 1:
        raise InvalidRequest(Invalid("$: must have one of 'add' and 'delete'"))
    dry = context.params.choice("dry_run", ("true", "false"), "false") == "true"
    return _delete_rules(context, order["delete"], dry) if "delete" in order else _add_rules(context, order["add"], dry)


def _add_rules(context: Context, added: Any, dry: bool) -> Answer:
    if not isinstance(added, list) or not all(isinstance(one, dict) and "value" in one for one in added):
        raise InvalidRequest(Invalid("$.add: must be a list of rules with a 'value' each"))
    made: list[Rule] = []
    refused: list[JsonObject] = []
    for one in added:
        found = _add_rule(context, str(one["value"]), one.get("tag"), dry)
        (made if isinstance(found, Rule) else refused).append(found)  # type: ignore[arg-type]
    summary = {"created": len(made), "not_created": len(refused), "valid": len(made), "invalid": len(refused)}
    body: JsonObject = {"meta": {"sent": iso_ms(context.call.at_ms), "summary": summary}}
    body |= {"data": [_rule(one) for one in made]} if made else {}
    body |= {"errors": refused} if refused else {}
    return json_answer(201 if made else 200, body)


def _add_rule(context: Context, value: str, tag: Any, dry: bool) -> Rule | JsonObject:
    """Return the rule, or what is wrong with it."""
    books, project = context.streams.books, context.call.credential.project
    try:
        node = _rule_node(value)
        label = None if tag is None else str(tag)
        return books.add_rule(project, value, label, node, context.call.at_ms, dry=dry)
    except QueryError as error:
        return _rule_error(context, "UnprocessableEntity", str(error), value)
    except Duplicate as error:
        return {**_rule_error(context, "DuplicateRule", "There is such a rule", value), "id": str(error.id)}
    except Full:
        return _rule_error(context, "RulesCapExceeded", f"The number of rules is limited to {MAX_RULES}", value)


def _rule_node(value: str) -> Node:
    if len(value) > MAX_RULE_LENGTH:
        raise QueryError(f"Rule must be at most {MAX_RULE_LENGTH} characters long, not {len(value)}")
    node = parse(value)
    require_standalone(node)
    return node


def _rule_error(context: Context, title: str, detail: str, value: str) -> JsonObject:
    kind = context.dialect.problem_base + "invalid-request"
    return {"value": value, "title": title, "detail": detail, "type": kind}


def _delete_rules(context: Context, deleted: Any, dry: bool) -> Answer:
    if not isinstance(deleted, dict) or set(deleted) - {"ids", "values"} or not deleted:
        raise InvalidRequest(Invalid("$.delete: must have 'ids' or 'values'"))
    mine = context.streams.books.rules(context.call.credential.project)
    wanted = {str(one) for one in deleted.get("ids", ())} | {
        str(rule.id) for rule in mine.values() if rule.value in deleted.get("values", ())
    }
    found = [rule_id for rule_id in mine if str(rule_id) in wanted]
    for rule_id in found if not dry else ():
        del mine[rule_id]
    summary = {"deleted": len(found), "not_deleted": len(wanted) - len(found)}
    return json_answer(200, {"meta": {"sent": iso_ms(context.call.at_ms), "summary": summary}})


def _rule(one: Rule) -> JsonObject:
    return {"id": str(one.id), "value": one.value, **({"tag": one.tag} if one.tag else {})}
