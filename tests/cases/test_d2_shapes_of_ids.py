"""Ids and handles in the shapes in which people have them: every address of a post, quotes, files of every program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.control.conftest import database, db, make_services, services, x
from tests.control.whole import Covey, covey

__all__ = ["covey", "database", "db", "make_services", "services", "x"]

POST, OTHER = "1460323737035677698", "1460323737035677699"

SHAPES = [
    f"https://x.com/i/web/status/{POST}",
    f"https://x.com/i/status/{POST}",
    f"x.com/u/status/{POST}",
    f"https://x.com/u/status/{POST}/photo/1",
    f"https://x.com/u/status/{POST}/video/1",
    f"https://x.com/u/status/{POST}?s=20",
    f"https://x.com/u/status/{POST}?s=46&t=abc-DEF",
    f"m.twitter.com/u/status/{POST}",
    f"https://mobile.twitter.com/u/status/{POST}",
    f"https://www.x.com/u/status/{POST}/",
    f"https://X.com/U/Status/{POST}",
    f"HTTP://TWITTER.COM/u/statuses/{POST}",
    f"https://twitter.com/#!/u/status/{POST}",
    f"//x.com/u/status/{POST}",
    f"../status/{POST}#m",
    f"/u/status/{POST}",
    f"u/status/{POST}",
    f"https://x.com/u/status/{POST}#m",
    f'"{POST}"',
    f"“{POST}”",
    f"„{POST}“",
    f"«{POST}»",
    f"'{POST}",
    f"  {POST} ,",
    f"\ufeff{POST}",
    f"<https://x.com/u/status/{POST}>",
    f"\u200e{POST}\u200f",
]


@pytest.mark.parametrize("text", SHAPES)
def test_a_post_in_every_shape_is_that_post(covey: Covey, text: str) -> None:
    """Beside its bare id it is the same post, so one is asked for."""
    done = covey("refresh", "--json", text, POST)

    assert (done.status, done.stderr) == (0, "")
    assert json.loads(done.stdout)["total"] == 1


FILES = {
    "a byte order mark": ("\ufeff" + f"{POST}\n{OTHER}\n").encode(),
    "UTF-16, little end first": ("\ufeff" + f"{POST}\r\n{OTHER}\r\n").encode("utf-16-le"),
    "UTF-16, big end first": ("\ufeff" + f"{POST}\n{OTHER}").encode("utf-16-be"),
    "CRLF": f"{POST}\r\n{OTHER}\r\n".encode(),
    "CR": f"{POST}\r{OTHER}\r".encode(),
    "commas": f"{POST}, {OTHER},\n".encode(),
    "quotes": f'"{POST}" “{OTHER}”'.encode(),
    "comments and blank lines": f"# mine\n\n{POST}  # the first\n\t\n  {OTHER}".encode(),
}
TABLES = {
    "CSV": (f'text,id\n"one, ""two""\nthree",{POST}\n,{OTHER}\n'.encode(), ("id", "ID", "2")),
    "TSV": (f"id\ttext\n{POST}\ta, b\n{OTHER}\tc\n".encode(), ("id", "1")),
    "semicolons": (f"Link;Text\nhttps://x.com/u/status/{POST};a, b\n{OTHER};c\n".encode(), ("link", "1")),
    "without a title": (f"a,{POST}\nb,{OTHER}\n".encode(), ("2",)),
    "of a spreadsheet": (("\ufeff" + f"id\ttext\r\n{POST}\tä\r\n{OTHER}\tb\r\n").encode("utf-16-le"), ("id",)),
    "Latin-1 beside it": (f"id,text\n{POST},ä\n{OTHER},b\n".encode("latin-1"), ("id",)),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_list_of_every_program_gives_its_ids(covey: Covey, tmp_path: Path, kind: str) -> None:
    """From a file and from standard input alike."""
    path = tmp_path / "ids.txt"
    path.write_bytes(FILES[kind])

    from_file = covey("refresh", "--json", "--file", str(path))
    from_stdin = covey("refresh", "--json", "-", input=FILES[kind])

    assert [(done.status, done.stderr) for done in (from_file, from_stdin)] == [(0, "")] * 2
    assert [json.loads(done.stdout)["total"] for done in (from_file, from_stdin)] == [2, 2]


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_gives_the_ids_of_its_column(covey: Covey, tmp_path: Path, kind: str) -> None:
    """By the title of the column, in any case, and by its number."""
    data, columns = TABLES[kind]
    (tmp_path / "ids").write_bytes(data)

    for column in columns:
        done = covey("refresh", "--json", "--file", str(tmp_path / "ids"), "--column", column)
        assert (done.status, done.stderr) == (0, "")
        assert json.loads(done.stdout)["total"] == 2


def test_handles_come_from_the_same_files(covey: Covey, tmp_path: Path) -> None:
    """`track` and `untrack` read lists, standard input and columns as `refresh` does."""
    (tmp_path / "names.csv").write_bytes(("\ufeff" + "name;username\r\nNASA;@NASA\r\nESA;esa\r\n").encode("utf-16-le"))

    table = covey("track", "--json", "--file", str(tmp_path / "names.csv"), "--column", "username")
    listed = covey("track", "--json", "-", "@spacex", input=b"# agencies\n\n@NASA, https://x.com/JAXA_en/media\n")
    removed = covey("untrack", "--json", "-", input=b"esa\r\njaxa_en\r\n")

    assert json.loads(table.stdout)["added"] == ["NASA", "esa"]
    assert (told := json.loads(listed.stdout))["added"] == ["JAXA_en", "spacex"]
    assert told["already"] == ["NASA"]
    assert json.loads(removed.stdout) == {"removed": ["esa", "jaxa_en"], "still": {}}


def test_what_cannot_be_read_is_one_line(covey: Covey, tmp_path: Path) -> None:
    """A file that is not there, a folder, a column that is not there, a column of no file, and nothing at all."""
    (tmp_path / "empty").write_bytes(b"# nothing\n\n")
    (tmp_path / "ids.csv").write_bytes(f"id\n{POST}\n".encode())

    for arguments, told in (
        (["--file", str(tmp_path / "none")], "No such file or directory"),
        (["--file", str(tmp_path)], "Is a directory"),
        (["--file", str(tmp_path / "ids.csv"), "--column", "post"], "no columns 'post': its first row is id"),
        (["--column", "id", POST], "--column is for a table"),
        (["--file", str(tmp_path / "empty")], "no post id was given"),
        ([], "no post id was given"),
    ):
        done = covey("refresh", *arguments)
        assert done.status == 2
        assert told in done.line
