"""Owns the way of every API call: token, window, parameters, handler, faults, money, record.

It must not speak HTTP by itself. Invariant: each call is counted in exactly one window, and recorded
exactly once, with the status that was sent.
"""

from urllib.parse import parse_qsl

from simulator import problems
from simulator.auth import Tokens
from simulator.calls import Answer, Call, CallLog, Credential
from simulator.clock import Clock
from simulator.config import Config
from simulator.dialect import Dialect, choose_dialect
from simulator.endpoints.context import Context
from simulator.endpoints.table import Endpoint, find_endpoint
from simulator.faults import Faults, NoFaults
from simulator.limits import RateLimits
from simulator.money import Money, NoMoney
from simulator.params import Params
from simulator.world import World


class Api:
    """One simulated X: a world, and everything that stands between it and a caller."""

    def __init__(self, config: Config, clock: Clock, faults: Faults | None = None, money: Money | None = None) -> None:
        """Build the world, history included; raise `ValueError` for a setting that cannot be."""
        self.config, self.clock = config, clock
        self.limits = RateLimits(config.window_seconds, config.limits)
        start_ms = clock() if config.start_ms is None else config.start_ms
        self.world = World(config, start_ms)
        self.log = CallLog()
        self._tokens = Tokens(config.tokens)
        self._faults = faults or NoFaults()
        self._money = money or NoMoney()
        self.world.advance(clock())

    def answer(self, method: str, path: str, query_string: str, authorization: str | None, base_url: str) -> Answer:
        """Answer one request to `/2/...`; never raises for anything a caller can send."""
        now_ms = self.clock()
        self.world.advance(now_ms)
        found = find_endpoint(path)
        if found is None or method not in {"GET", "HEAD"}:
            return self._recorded("none", problems.not_found() if found is None else problems.method_not_allowed())
        endpoint, path_values = found
        credential = self._tokens.credential_of(authorization)
        if credential is None:
            return self._recorded(endpoint.name, problems.unauthorized())
        query = tuple(parse_qsl(query_string, keep_blank_values=True))
        base_url = self.config.media_base_url or base_url
        call = Call(endpoint.name, path_values, query, credential, base_url.rstrip("/"), now_ms)
        answer = self._faults.replace(call, self._limited(endpoint, call, credential))
        if answer.status == 200:
            self._money.charge(call, answer.returned)
        return self._recorded(endpoint.name, answer)

    def _limited(self, endpoint: Endpoint, call: Call, credential: Credential) -> Answer:
        allowed, window = self.limits.take(credential, endpoint.name, call.at_ms)
        answer = self._handled(endpoint, call) if allowed else problems.too_many_requests()
        return Answer(answer.status, answer.body, {**answer.headers, **window.headers}, answer.returned)

    def _handled(self, endpoint: Endpoint, call: Call) -> Answer:
        dialect: Dialect = choose_dialect(call.query, self.config.dialect)
        try:
            params = Params(call.query, endpoint.parameters, dialect, endpoint.kind)
            context = Context(self.world, self.config, call, params, self.log.posts_on(call.at_ms))
            return endpoint.handler(context)
        except problems.InvalidRequest as problem:
            return problems.invalid_request(problem, dialect)
        except problems.WrongCredential as problem:
            return problems.unsupported_authentication(problem, dialect)

    def _recorded(self, endpoint: str, answer: Answer) -> Answer:
        self.log.record(endpoint, answer, self.world.now_ms)
        return answer
