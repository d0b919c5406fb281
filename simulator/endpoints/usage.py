"""Owns the usage report: how many posts were handed out, against the monthly cap.

It must not count by itself. Invariant: only the current UTC day is known; earlier days read zero.
"""

from datetime import UTC, datetime, timedelta

from simulator.calls import Answer, JsonObject, json_answer
from simulator.endpoints.context import Context
from simulator.problems import WrongCredential

# Posts a month on the pay-per-use plan.
PROJECT_CAP = 3_000_000
PROJECT_ID = "1000000000000000001"


def usage_posts(context: Context) -> Answer:
    """`GET /2/usage/tweets`: numbers are text in the new dialect, as X sends them, and whole in the old."""
    if context.call.credential.kind != "app":
        raise WrongCredential("OAuth 2.0 Application-Only", "OAuth 2.0 User Context")
    days = context.params.integer("days", 1, 90, 7)
    asked = context.params.fields().usage
    number = str if context.dialect.name == "new" else int
    today = datetime.fromtimestamp(context.call.at_ms // 1000, UTC).replace(hour=0, minute=0, second=0)
    per_day = [
        {
            "date": (today - timedelta(days=back)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "usage": number(0 if back else context.posts_today),
        }
        for back in range(days - 1, -1, -1)
    ]
    project_id = PROJECT_ID if context.dialect.name == "new" else 1
    everything: JsonObject = {
        "project_usage": number(context.posts_today),
        "project_cap": number(PROJECT_CAP),
        "project_id": PROJECT_ID,
        "cap_reset_day": 1,
        "daily_project_usage": {"project_id": project_id, "usage": per_day},
        "daily_client_app_usage": [{"client_app_id": "1", "usage": per_day, "usage_result_count": days}],
    }
    shown = asked or {"project_usage", "project_cap", "project_id", "cap_reset_day", "daily_project_usage"}
    return json_answer(200, {"data": {name: value for name, value in everything.items() if name in shown}})
