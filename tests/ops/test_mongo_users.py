"""The users of MongoDB, made on a real mongod as ops/mongo/users.js has them made."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pymongo
import pytest
from pymongo.errors import OperationFailure

from shared.stores.bundle import Stores
from tests.cases.servers import mongod_with
from tests.ops.artifacts import OPS, ROOT, compose
from tests.ops.test_secrets import make

SCRIPT = OPS / "mongo" / "users.js"
PLAN = json.loads((OPS / "mongo" / "users.json").read_text())
DATABASE = "covey"

Client = pymongo.MongoClient[dict[str, Any]]


def with_mongosh(uri: str, secrets: Path) -> None:
    """The script itself, by the shell of the official image."""
    environment = {**os.environ, "COVEY_SECRETS": str(secrets), "HOME": str(secrets.parent)}
    command = ["mongosh", "--quiet", "--norc", uri, SCRIPT]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def with_pymongo(uri: str, secrets: Path) -> None:
    """The same commands, for a machine without that shell, which cannot run the official image either."""
    root = (secrets / "mongo_root_password").read_text()
    with Client(uri) as client:
        client.admin.command("createUser", "root", pwd=root, roles=["root"])
    with Client(uri, username="root", password=root) as client:
        whole = {"resource": {"db": DATABASE, "collection": ""}, "actions": ["listCollections"]}
        parts = [
            {"resource": {"db": DATABASE, "collection": collection}, "actions": PLAN["reading"]}
            for collection in PLAN["readable"]
        ]
        client.admin.command("createRole", "covey_analyst", privileges=[whole, *parts], roles=[])
        for name, user in PLAN["users"].items():
            role = {"role": user["role"], "db": DATABASE if user["role"] == "readWrite" else "admin"}
            password = urlsplit((secrets / user["secret"]).read_text().strip()).password
            client.admin.command("createUser", name, pwd=password, roles=[role])


NO_SHELL = pytest.mark.skipif(shutil.which("mongosh") is None, reason="mongosh is not installed")


@pytest.fixture(params=[with_pymongo, pytest.param(with_mongosh, marks=NO_SHELL)], ids=["pymongo", "mongosh"])
def login(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Client]]:
    """A mongod that asks who one is, with the users; makes clients by the name of their secret."""
    make(tmp_path / "secrets")
    (tmp_path / "db").mkdir()
    clients: list[Client] = []
    with mongod_with(tmp_path / "db", "--auth") as uri:
        request.param(uri, tmp_path / "secrets")

        def client(secret: str) -> Client:
            made = (tmp_path / "secrets" / secret).read_text().strip()
            clients.append(Client(made.replace("mongo:27017", urlsplit(uri).netloc), directConnection=True))
            return clients[-1]

        yield client
        for one in clients:
            one.close()


def test_each_user_may_do_what_it_is_for(login: Callable[[str], Client]) -> None:
    """Covey stores and indexes in its database only; an analyst reads what was collected, and no credential."""
    covey = login("mongo_uri")[DATABASE]
    Stores.on(covey).ensure_indexes()
    covey["X_tweets"].insert_one({"_id": 1})
    covey["X_credentials"].insert_one({"_id": "sealed"})
    with pytest.raises(OperationFailure, match="not authorized"):
        covey.client["other"]["X_tweets"].insert_one({"_id": 1})

    analyst = login("mongo_analyst_uri")[DATABASE]
    assert analyst["X_tweets"].find_one() == {"_id": 1}
    assert "X_tweets" in analyst.list_collection_names()
    with pytest.raises(OperationFailure, match="not authorized"):
        analyst["X_tweets"].insert_one({"_id": 2})
    for forbidden in (analyst["X_credentials"], analyst.client["admin"]["system.users"]):
        with pytest.raises(OperationFailure, match="not authorized"):
            forbidden.find_one()


def test_who_has_no_password_reads_nothing(login: Callable[[str], Client]) -> None:
    """Without a user, or with a wrong password, nothing is answered but a ping."""
    place = login("mongo_uri").address

    with Client(*(place or ()), directConnection=True) as anybody:
        assert anybody.admin.command("ping")["ok"]
        with pytest.raises(OperationFailure, match="requires authentication"):
            anybody[DATABASE]["X_tweets"].find_one()


@pytest.mark.skipif(shutil.which("mongosh") is None, reason="mongosh is not installed")
def test_the_script_may_be_run_at_any_time(tmp_path: Path) -> None:
    """A second run, with another password in the secrets, gives the user that password."""
    secrets = tmp_path / "secrets"
    make(secrets)
    (tmp_path / "db").mkdir()
    with mongod_with(tmp_path / "db", "--auth") as uri:
        with_mongosh(uri, secrets)
        (secrets / "mongo_uri").unlink()
        make(secrets)
        with_mongosh(uri, secrets)

        made = (secrets / "mongo_uri").read_text().strip().replace("mongo:27017", urlsplit(uri).netloc)
        with Client(made, directConnection=True) as covey:
            assert covey[DATABASE]["X_tweets"].find_one() is None


def test_analysts_read_collections_that_exist() -> None:
    """Each one is a collection of the stores, and the credentials are not among them."""
    sources = "".join(path.read_text() for path in (ROOT / "shared" / "stores").glob("*.py"))

    assert set(PLAN["readable"]) <= set(re.findall(r'db\["(\w+)"\]', sources))
    assert "X_credentials" not in PLAN["readable"]


def test_the_image_finds_the_script_and_the_server_asks_for_passwords() -> None:
    """The folder is mounted where the official image looks on an empty volume."""
    mongo = compose()["services"]["mongo"]

    assert "./ops/mongo:/docker-entrypoint-initdb.d:ro" in mongo["volumes"]
    assert "--auth" in mongo["command"]
    assert {user["secret"] for user in PLAN["users"].values()} < set(mongo["secrets"])
