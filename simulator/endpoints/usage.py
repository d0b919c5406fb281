"""Owns the usage report: how many posts a project bought, against the monthly cap.

It must not count by itself. Invariant: the usage of a day is the `posts_bought` of that day in the bill.
"""

from simulator.calls import Answer, JsonObject, json_answer
from simulator.clock import iso_ms
from simulator.endpoints.context import Context
from simulator.money import project_id


def usage_posts(context: Context) -> Answer:
    """`GET /2/usage/tweets`: numbers are text in the new dialect, as X sends them, and whole in the old."""
    days = context.params.integer("days", 1, 90, 7)
    asked = context.params.fields().usage
    number = str if context.dialect.name == "new" else int
    ledger, project = context.ledger, context.call.credential.project
    today = ledger.calendar.day(context.call.at_ms)
    per_day = [
        {"date": iso_ms(ledger.calendar.starts_at_ms(day)), "usage": number(ledger.posts_on(project, day))}
        for day in range(today - days + 1, today + 1)
    ]
    shown_id = project_id(project)
    everything: JsonObject = {
        "project_usage": number(ledger.posts_in_month(project, today)),
        "project_cap": number(ledger.plan.month_posts),
        "project_id": shown_id,
        "cap_reset_day": 1,
        "daily_project_usage": {"project_id": shown_id if context.dialect.name == "new" else 1, "usage": per_day},
        "daily_client_app_usage": [{"client_app_id": "1", "usage": per_day, "usage_result_count": days}],
    }
    shown = asked or {"project_usage", "project_cap", "project_id", "cap_reset_day", "daily_project_usage"}
    return json_answer(200, {"data": {name: value for name, value in everything.items() if name in shown}})
