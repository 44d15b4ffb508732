"""The examples of docs/api.md are requests that the API knows, and code that verifies what it sends."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from publisher.model.editors import SCOPES
from publisher.web.api.operations import Operation
from publisher.web.api.table import OPERATIONS
from publisher.webhooks import signing

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def commands() -> Iterator[list[str]]:
    for body in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        yield from (shlex.split(line) for line in body.splitlines())


def matching(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    for one in OPERATIONS:
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(one.described_path))
        if one.method == method and (found := re.fullmatch(f"/api/v1{pattern}", path)):
            return one, found.groupdict()
    raise LookupError(f"{method} {path}")


@pytest.mark.parametrize("words", [*commands()], ids=lambda words: words[-1][-60:])
def test_each_curl_is_an_operation_with_values_that_fit(words: list[str]) -> None:
    assert words[0] == "curl"
    options = [(words[n], words[n + 1]) for n in range(1, len(words) - 1, 2)]
    headers = dict(value.split(": ", 1) for name, value in options if name == "-H")
    sent = dict(options).get("-d", "")
    method = dict(options).get("-X", "POST" if sent else "GET")
    assert {name for name, _ in options} <= {"-H", "-d", "-X"}
    assert headers.pop("Authorization") == "Bearer $TOKEN"
    url = urlsplit(words[-1])
    one, place = matching(method, unquote(url.path))
    one.place.model_validate(place)
    one.query.model_validate(dict(parse_qsl(url.query)))
    assert bool(one.body) == bool(sent)
    if one.body:
        assert headers.pop("Content-Type") == "application/json"
        one.body.model_validate_json(sent)
    assert set(headers) <= ({"Idempotency-Key"} if one.once else set())


def test_the_scopes_are_those_there_are() -> None:
    table = PAGE.partition("| scope |")[2].partition("\n\n")[0]
    assert tuple(re.findall(r"^\| (\w+) \|", table, re.MULTILINE)) == SCOPES


def test_what_goes_on_after_a_kill_is_what_the_page_says() -> None:
    in_doubt = {
        one.name
        for one in OPERATIONS
        if one.once and "articles" not in (one.body.model_fields if one.body else ()) and not _repeats(one)
    }
    assert in_doubt == {"sendTestCopies", "retryDeliveries", "sendImport"}
    assert "For test copies, a retry, an import's file and a cut by hand the answer is 409" in PAGE


def _repeats(one: Operation) -> bool:
    return one.repeats(None)  # type: ignore[arg-type]


def test_the_example_verifies_what_is_sent_and_nothing_else() -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    given: dict[str, Any] = {}
    exec(code, given)
    body = json.dumps({"type": "test"}).encode()
    headers = signing.headers(signing.key_of(SECRET), "evt_1", body, datetime.now(UTC))
    assert given["verified"](headers, body, SECRET) == {"type": "test"}
    assert given["verified"](headers, body + b" ", SECRET) is None
    late = headers | {"webhook-timestamp": str(int(time.time()) - 400)}
    assert given["verified"](late, body, SECRET) is None
