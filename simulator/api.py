"""Owns the way of every API call: token, window, kind of credential, money, parameters, handler, faults, record.

It must not speak HTTP by itself. Invariant: each call is counted in exactly one window, and recorded
exactly once, with the status that was sent; what is not a 200 costs nothing.
"""

from dataclasses import replace
from urllib.parse import parse_qsl

from simulator import problems
from simulator.auth import Tokens
from simulator.calls import Answer, Call, CallLog, Credential
from simulator.clock import AheadClock, Clock, iso_ms
from simulator.compliance import ComplianceJobs
from simulator.config import Config
from simulator.dialect import NEW, Dialect, choose_dialect
from simulator.endpoints.compliance import file_answer
from simulator.endpoints.context import Context
from simulator.endpoints.table import Endpoint, find_endpoint
from simulator.faults.engine import Faults
from simulator.faults.script import FILES
from simulator.journal import Journal
from simulator.limits import RateLimits
from simulator.money import Ledger, Line, project_id
from simulator.oauth.clients import Clients
from simulator.oauth.desk import PATHS as OAUTH_PATHS
from simulator.oauth.desk import Desk
from simulator.oauth.sessions import Sessions
from simulator.oauth.signature import Signatures
from simulator.params import Params
from simulator.streams.sending import Streams
from simulator.world import World

# Kinds of endpoints that cost money.
PAID = frozenset({"posts", "users", "counts"})


class Api:
    """One simulated X: a world, and everything that stands between it and a caller."""

    def __init__(self, config: Config, clock: Clock) -> None:
        """Build the world, history included; raise `ValueError` for a setting that cannot be."""
        self.config, self.clock = config, AheadClock(clock)
        self.limits = RateLimits(
            config.window_seconds,
            config.limits,
            per_second=config.per_second,
            day_limits=config.day_limits,
            day_seconds=config.plan.day_seconds,
        )
        start_ms = clock() if config.start_ms is None else config.start_ms
        self.world = World(config, start_ms)
        self.compliance = ComplianceJobs(self.world, config.compliance_seconds)
        self.log = CallLog()
        self.ledger, self.journal = Ledger(config.plan), Journal()
        self.faults = Faults(self.limits, config.faults)
        self.streams = Streams(self.world, self.ledger, self.journal, self.clock, config.keep_alive_seconds)
        self.sessions = Sessions(config.oauth.access_token_seconds, config.oauth.code_seconds)
        clients = Clients(config.oauth)
        self._tokens = Tokens(config.tokens, self.sessions, Signatures(clients))
        self._desk = Desk(clients, self.sessions, self.world.accounts)
        self.world.advance(clock())
        self.own(config.app_owner)

    def own(self, account: str | None) -> None:
        """Let an account, by name or id, own every app; None for nobody. Raises `ValueError` where there is none."""
        found = None if account is None else self.world.accounts.find(account)
        if account is not None and found is None:
            raise ValueError(f"app owner: there is no account {account!r}")
        self.ledger.owner_id = None if found is None else found.id

    def answer(
        self,
        method: str,
        path: str,
        query_string: str,
        authorization: str | None,
        base_url: str,
        body: bytes = b"",
    ) -> Answer:
        """Answer one request to `/2/...`; never raises for anything a caller can send."""
        now_ms = self.clock()
        self.world.advance(now_ms)
        found = find_endpoint(path)
        if found is None or method not in found[0].methods:
            return self._recorded("none", problems.not_found() if found is None else problems.method_not_allowed())
        endpoint, path_values = found
        url = f"{base_url}{path}?{query_string}"
        credential = self._tokens.credential_of(authorization, method, url, now_ms)
        if credential is None:
            return self._recorded(endpoint.name, problems.unauthorized())
        query = tuple(parse_qsl(query_string, keep_blank_values=True))
        base_url = (self.config.media_base_url or base_url).rstrip("/")
        call = Call(endpoint.name, path_values, query, credential, base_url, now_ms, method=method, body=body)
        dialect = endpoint.dialect or choose_dialect(query, self.config.dialect)
        answer = self._limited(endpoint, call, dialect)
        opened = answer.connection
        answer = self.faults.replace(call, answer, dialect, lambda other: self._handled(endpoint, other, dialect))
        if opened is not None and answer.connection is not opened:
            opened.end(now_ms, "failed")
        billed = answer.status == 200 if answer.billed is None else answer.billed
        bought = self.ledger.charge(call, answer.returned) if billed else Line()
        return self._recorded(endpoint.name, replace(answer, number=self.journal.add(call, answer, bought)))

    def oauth_answer(self, method: str, path: str, query_string: str, body: bytes, authorization: str | None) -> Answer:
        """Answer one request to the places of OAuth 2.0; a fault script may name them, `*` does not."""
        now_ms, place = self.clock(), OAUTH_PATHS[path]
        answer = self._desk.answer(method, path, query_string, body, authorization, now_ms)
        call = Call(place, {}, (), Credential("", "app"), "", now_ms)
        return self._recorded(place, self.faults.replace(call, answer, NEW, lambda _: answer))

    def file_answer(self, path: str, answer: Answer) -> Answer:
        """Return what a fault script makes of the answer for a file of media."""
        call = Call(FILES, {"path": path}, (), Credential("", "app"), "", self.clock())
        return self.faults.replace(call, answer, NEW, lambda _: answer)

    def compliance_file(self, method: str, path: str, body: bytes) -> Answer:
        """Answer a request to an address that a compliance job was shown with; a fault script names it as a file."""
        self.world.advance(self.clock())
        return self.file_answer(path, file_answer(self.compliance, method, path, body, self.clock()))

    def credential_of_token(self, token: str) -> Credential:
        """Return the credential of a bearer token; raise `ValueError` when it opens nothing."""
        credential = self._tokens.credential_of(f"Bearer {token}", "GET", "", self.clock())
        if credential is None:
            raise ValueError("token: it opens nothing here")
        return credential

    def _limited(self, endpoint: Endpoint, call: Call, dialect: Dialect) -> Answer:
        taken = self.limits.take(call.credential, endpoint.name, call.at_ms)
        if taken.refused_by is None:
            answer = self._admitted(endpoint, call, dialect)
        else:
            answer = problems.legacy_too_many_requests() if self.config.legacy_429 else problems.too_many_requests()
        headers = {**answer.headers, **taken.headers}
        return replace(answer, headers=headers)

    def _admitted(self, endpoint: Endpoint, call: Call, dialect: Dialect) -> Answer:
        credential = call.credential
        if not credential.enrolled:
            return problems.client_not_enrolled(dialect)
        if endpoint.archive and not self.config.archive:
            return problems.client_not_enrolled(dialect)
        if credential.scheme not in endpoint.schemes:
            return problems.unsupported_authentication(dialect, endpoint.schemes, credential.scheme)
        if credential.scopes is not None and not endpoint.scopes <= credential.scopes:
            return problems.forbidden()
        if endpoint.kind in PAID and self.ledger.depleted(credential):
            return problems.credits_depleted(dialect, project_id(credential.project))
        if endpoint.kind in PAID and (until_ms := self.ledger.capped_until_ms(credential, call.at_ms)) is not None:
            return problems.spend_capped(dialect, project_id(credential.project), iso_ms(until_ms))
        if endpoint.kind == "posts" and (period := self.ledger.capped_period(credential, call.at_ms)) is not None:
            return problems.usage_capped(dialect, project_id(credential.project), period)
        return self._handled(endpoint, call, dialect)

    def _handled(self, endpoint: Endpoint, call: Call, dialect: Dialect) -> Answer:
        try:
            params = Params(call.query, endpoint.parameters, dialect, endpoint.kind)
            context = Context(self.world, self.config, call, params, self.ledger, self.compliance, self.streams)
            return endpoint.handler(context)
        except problems.InvalidRequest as problem:
            return problems.invalid_request(problem, dialect)

    def _recorded(self, endpoint: str, answer: Answer) -> Answer:
        self.log.record(endpoint, answer)
        return answer
