"""Owns the three places of OAuth 2.0 over HTTP: the consent page, the token endpoint, the revocation.

It must not keep anything. Invariant: a refusal has X's words; the page sends nobody to a `redirect_uri` before it
has checked the request.

| path | |
|---|---|
| `GET /i/oauth2/authorize` | the page with one button; `auto=1` agrees at once, `auto=deny` refuses |
| `POST /i/oauth2/authorize` | what the button does: 302 to `redirect_uri` with `code` and `state` |
| `POST /2/oauth2/token` | form or JSON; `grant_type` authorization_code or refresh_token |
| `POST /2/oauth2/revoke` | form or JSON; `token` |

The page asks the account that `user=NAME` names, else the first one worth tracking.
"""

import base64
import html
import json
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from simulator.accounts import AccountBook
from simulator.calls import Answer, json_answer
from simulator.oauth.clients import Clients
from simulator.oauth.sessions import Grant, Pair, Refused, Sessions

PATHS = {
    "/i/oauth2/authorize": "oauth2/authorize",
    "/2/oauth2/authorize": "oauth2/authorize",
    "/2/oauth2/token": "oauth2/token",
    "/2/oauth2/revoke": "oauth2/revoke",
}
SCOPES = frozenset(
    {"tweet.read", "tweet.write", "users.read", "like.read", "follows.read", "list.read", "offline.access"}
)
MAX_STATE = 500
_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Authorize</title>
<style>body{{font:16px system-ui;max-width:28rem;margin:4rem auto;padding:0 1rem}}</style></head>
<body>{}</body></html>"""


class Desk:
    """Answers for one simulator."""

    def __init__(self, clients: Clients, sessions: Sessions, accounts: AccountBook) -> None:
        """Grant the access of `accounts` to `clients`, as `sessions`."""
        self._clients, self._sessions, self._accounts = clients, sessions, accounts

    def answer(
        self, method: str, path: str, query_string: str, body: bytes, authorization: str | None, now_ms: int
    ) -> Answer:
        """Answer one request to one of `PATHS`."""
        place = PATHS[path]
        if place == "oauth2/authorize":
            return self._consent(method, dict(parse_qsl(query_string)), now_ms)
        if method != "POST":
            return json_answer(405, {"error": "invalid_request", "error_description": "Method not allowed."})
        form = _sent(body)
        client_id = self._client(form, authorization)
        if client_id is None:
            said = {"error": "unauthorized_client", "error_description": "Missing valid authorization header"}
            return json_answer(401, said)
        try:
            if place == "oauth2/revoke":
                self._sessions.revoke(client_id, _needed(form, "token"))
                return json_answer(200, {"revoked": True})
            return self._token_answer(self._granted(client_id, form, now_ms))
        except Refused as refusal:
            return json_answer(400, {"error": refusal.error, "error_description": refusal.description})

    def _client(self, form: Mapping[str, str], authorization: str | None) -> str | None:
        """Return who asks: a confidential client by HTTP Basic, a public one by `client_id`; None for neither."""
        scheme, _, sent = (authorization or "").partition(" ")
        if scheme.lower() == "basic":
            try:
                client_id, _, secret = base64.b64decode(sent, validate=True).decode().partition(":")
            except ValueError:
                return None
            return client_id if self._clients.secret_fits(client_id, secret) else None
        client_id = form.get("client_id", "")
        return client_id if self._clients.known(client_id) and not self._clients.confidential(client_id) else None

    def _granted(self, client_id: str, form: Mapping[str, str], now_ms: int) -> Pair:
        kind = _needed(form, "grant_type")
        if kind == "refresh_token":
            return self._sessions.refresh(client_id, _needed(form, "refresh_token"), now_ms)
        if kind != "authorization_code":
            raise Refused(f"Value passed for the grant type [{kind}] is not supported.", "unsupported_grant_type")
        code, verifier = _needed(form, "code"), _needed(form, "code_verifier")
        return self._sessions.exchange(client_id, code, _needed(form, "redirect_uri"), verifier, now_ms)

    def _token_answer(self, pair: Pair) -> Answer:
        body = {
            "token_type": "bearer",
            "expires_in": self._sessions.access_ms // 1000,
            "access_token": pair.access,
            "scope": " ".join(sorted(pair.scopes)),
        }
        return json_answer(200, body if pair.refresh is None else {**body, "refresh_token": pair.refresh})

    # -- the page

    def _consent(self, method: str, asked: dict[str, str], now_ms: int) -> Answer:
        wrong = self._wrong(asked)
        if wrong is not None:
            return _page(400, f"<h1>Something went wrong</h1><p>{html.escape(wrong)}</p>")
        choice = "1" if method == "POST" else asked.get("auto", "")
        if choice == "deny":
            return _redirect(asked, error="access_denied")
        account = self._accounts.find(asked["user"]) if "user" in asked else self._accounts.tracked[0]
        if account is None:
            return _page(400, f"<h1>Something went wrong</h1><p>no account {html.escape(asked['user'])}</p>")
        scopes = asked["scope"].split()
        if choice != "1":
            listed = "".join(f"<li>{html.escape(scope)}</li>" for scope in scopes)
            client = html.escape(asked["client_id"])
            return _page(
                200,
                f"<h1>{client} wants to use the account @{html.escape(account.username)}</h1><ul>{listed}</ul>"
                '<form method="post"><button>Authorize app</button></form>',
            )
        grant = Grant(asked["client_id"], account.id, frozenset(scopes), asked["redirect_uri"], asked["code_challenge"])
        return _redirect(asked, code=self._sessions.authorize(grant, now_ms))

    def _wrong(self, asked: Mapping[str, str]) -> str | None:
        """Return what is wrong with a request for consent, or None."""
        if not self._clients.known(asked.get("client_id", "")):
            return f"client_id: no client {asked.get('client_id', '')!r}"
        target = urlsplit(asked.get("redirect_uri", ""))
        unknown = sorted(set(asked.get("scope", "").split()) - SCOPES)
        checks = (
            (target.scheme and target.netloc, f"redirect_uri: {asked.get('redirect_uri', '')!r} is no URL"),
            (asked.get("response_type") == "code", "response_type: must be code"),
            (0 < len(asked.get("state", "")) <= MAX_STATE, f"state: must have 1 to {MAX_STATE} characters"),
            (asked.get("code_challenge_method", "").upper() == "S256", "code_challenge_method: must be S256"),
            (len(asked.get("code_challenge", "")) == 43, "code_challenge: must have 43 characters"),
            (asked.get("scope", "").split(), "scope: is missing"),
            (not unknown, f"scope: unknown {', '.join(unknown)}"),
        )
        return next((said for holds, said in checks if not holds), None)


def _sent(body: bytes) -> dict[str, str]:
    """Read a body, which is JSON where it begins as an object does; a form never does."""
    if not body.lstrip().startswith(b"{"):
        return dict(parse_qsl(body.decode("utf-8", "replace")))
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _needed(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise Refused(f"Missing required parameter [{name}].")
    return form[name]


def _page(status: int, body: str) -> Answer:
    return Answer(status, _PAGE.format(body).encode(), {"content-type": "text/html; charset=utf-8"})


def _redirect(asked: Mapping[str, str], **found: str) -> Answer:
    target = asked["redirect_uri"]
    joint = "&" if urlsplit(target).query else "?"
    location = f"{target}{joint}{urlencode({'state': asked['state'], **found})}"
    return Answer(302, b"", {"location": location})
