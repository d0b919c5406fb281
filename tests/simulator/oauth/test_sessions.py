"""Sessions: codes and refresh tokens work once, a second use ends everything, tokens expire."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, rule

from simulator.oauth.sessions import Grant, Pair, Refused, Sessions, challenge_of
from tests.simulator.conftest import START_MS

VERIFIER = "a-verifier-that-only-the-client-knows-0123456789"
SCOPES = frozenset({"tweet.read", "users.read", "offline.access"})
GRANT = Grant("sim-app", 7, SCOPES, "http://me/back", challenge_of(VERIFIER).decode())


def _opened(sessions: Sessions, grant: Grant = GRANT) -> Pair:
    code = sessions.authorize(grant, START_MS)
    return sessions.exchange(grant.client_id, code, grant.redirect_uri, VERIFIER, START_MS)


def _refresh(sessions: Sessions, pair: Pair) -> Pair:
    assert pair.refresh is not None
    return sessions.refresh("sim-app", pair.refresh, START_MS)


def test_the_challenge_is_that_of_the_standard() -> None:
    """The verifier of RFC 7636, appendix B, has the challenge given there."""
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == b"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"client_id": "sim-other"}, "authorization code was invalid"),
        ({"code": "guessed"}, "authorization code was invalid"),
        ({"now_ms": START_MS + 30_000}, "authorization code was invalid"),
        ({"redirect_uri": "http://evil/back"}, "redirect uri did not match"),
        ({"verifier": VERIFIER + "x"}, "code verifier did not match"),
    ],
)
def test_a_code_is_exchanged_only_by_who_asked_for_it(change: dict[str, str], said: str) -> None:
    """Another client, code, address or verifier, or 30 s later, is refused, and the code still works after that."""
    sessions = Sessions(7200, 30)
    right = {"client_id": "sim-app", "redirect_uri": GRANT.redirect_uri, "verifier": VERIFIER, "now_ms": START_MS}
    right["code"] = sessions.authorize(GRANT, START_MS)

    with pytest.raises(Refused, match=said):
        sessions.exchange(**{**right, **change})  # type: ignore[arg-type]
    assert sessions.exchange(**right).access  # type: ignore[arg-type]


def test_a_code_used_twice_ends_its_session() -> None:
    """The second exchange is refused and takes the tokens of the first with it."""
    sessions = Sessions(7200, 30)
    code = sessions.authorize(GRANT, START_MS)
    pair = sessions.exchange("sim-app", code, GRANT.redirect_uri, VERIFIER, START_MS)

    with pytest.raises(Refused, match="authorization code was invalid"):
        sessions.exchange("sim-app", code, GRANT.redirect_uri, VERIFIER, START_MS)

    assert sessions.credential_of(pair.access, START_MS) is None


def test_without_offline_access_there_is_no_refresh_token() -> None:
    """The grant decides about scopes and refresh token; the credential carries them and its user."""
    sessions = Sessions(7200, 30)
    pair = _opened(sessions, Grant("sim-app~two", 7, frozenset({"tweet.read"}), "http://me/back", GRANT.challenge))

    credential = sessions.credential_of(pair.access, START_MS)

    assert pair.refresh is None
    assert credential is not None
    assert (credential.user_id, credential.scopes, credential.project) == (7, frozenset({"tweet.read"}), "two")
    assert credential.key == "user-7@sim-app~two"


class RotatingSessions(RuleBasedStateMachine):
    """Refreshes, reuse, revocation and time against a plain model of one session each."""

    fresh = Bundle("fresh")
    spent = Bundle("spent")

    def __init__(self) -> None:
        super().__init__()
        self.sessions, self.now_ms = Sessions(60, 30), START_MS
        self.access: dict[str, tuple[int, int]] = {}
        self.dead: set[int] = set()

    def _keep(self, number: int, pair: Pair) -> tuple[int, str]:
        self.access[pair.access] = number, self.now_ms + 60_000
        assert pair.refresh is not None
        return number, pair.refresh

    @rule(target=fresh)
    def open_one(self) -> tuple[int, str]:
        code = self.sessions.authorize(GRANT, self.now_ms)
        pair = self.sessions.exchange("sim-app", code, GRANT.redirect_uri, VERIFIER, self.now_ms)
        return self._keep(len(self.sessions.sessions), pair)

    @rule(target=spent, known=consumes(fresh), again=st.booleans())
    def spend(self, known: tuple[int, str], again: bool) -> tuple[int, str]:
        number, token = known
        if number in self.dead:
            with pytest.raises(Refused, match="Value passed for the token was invalid"):
                self.sessions.refresh("sim-app", token, self.now_ms)
        else:
            self._keep(number, self.sessions.refresh("sim-app", token, self.now_ms))
        return known

    @rule(target=fresh, known=consumes(fresh))
    def rotate(self, known: tuple[int, str]) -> tuple[int, str]:
        number, token = known
        if number in self.dead:
            return known
        return self._keep(number, self.sessions.refresh("sim-app", token, self.now_ms))

    @rule(known=spent)
    def reuse(self, known: tuple[int, str]) -> None:
        number, token = known
        with pytest.raises(Refused, match="Value passed for the token was invalid"):
            self.sessions.refresh("sim-app", token, self.now_ms)
        self.dead.add(number)

    @rule(known=st.one_of(fresh, spent), client=st.sampled_from(["sim-app", "sim-other"]))
    def revoke(self, known: tuple[int, str], client: str) -> None:
        self.sessions.revoke(client, known[1])
        if client == "sim-app":
            self.dead.add(known[0])

    @rule(seconds=st.integers(1, 40))
    def wait(self, seconds: int) -> None:
        self.now_ms += seconds * 1000

    def teardown(self) -> None:
        """An access token opens the API exactly while it is young and its session lives."""
        for token, (number, expires_ms) in self.access.items():
            alive = number not in self.dead and self.now_ms < expires_ms
            assert (self.sessions.credential_of(token, self.now_ms) is not None) == alive


RotatingSessions.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestRotatingSessions = RotatingSessions.TestCase
