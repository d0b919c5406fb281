"""Webhook endpoints beside what HTTP shows of them."""

from __future__ import annotations

from collections.abc import Callable

from control import endpoints
from control.trail import at_terminal
from shared.credentials.vault import new_key
from shared.services.bootstrap import Services
from shared.services.sending import Opened

Make = Callable[..., Services]


def test_what_opens_endpoints_moves_to_a_new_key_with_the_credentials(make_services: Make) -> None:
    """After `covey credentials rotate-keys` the old key is not needed; what no key opens is told."""
    old, new = new_key(), new_key()
    before = make_services("http://127.0.0.1:9", credential_keys=old)
    made = endpoints.create(before, at_terminal(), url="https://hooks.example/a")
    lost = endpoints.create(
        make_services("http://127.0.0.1:9", credential_keys=new_key()), at_terminal(), url="https://hooks.example/b"
    )

    done = endpoints.rotate_keys(make_services("http://127.0.0.1:9", credential_keys=f"{new},{old}"))

    assert done.resealed == [f"endpoint:{made.row['id']}"]
    assert list(done.failed) == [f"endpoint:{lost.row['id']}"]
    after = make_services("http://127.0.0.1:9", credential_keys=new)
    sealed = after.stores.endpoints.sealed(made.row["id"])
    assert sealed is not None
    opened = Opened.of(after.vault, made.row["id"], sealed)
    assert opened.url.get_secret_value() == "https://hooks.example/a"
    assert opened.secret.get_secret_value() == made.secret
