"""Whatever is sent to an operation, in its shapes or in none: no server error, only what is described."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import api_bearers
import pytest
import schemathesis
from api_bearers import Office
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from publisher.app import Publisher

_CHECKS = (
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
_EACH = 4  # for each operation and mode: some ten seconds a mode


@pytest.fixture
def office(
    publication: Callable[..., Publisher], post: Callable[..., str], subscribe: Callable[..., str], clock: Any
) -> Office:
    made = api_bearers.office(publication, post, subscribe, clock)
    made.cut()
    return made


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda m: m.value)
def test_nothing_that_is_sent_is_answered_by_a_server_error(office: Office, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", office.app)
    token, there = office.bearer().token, real(office)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 60
    statuses = Counter[int]()
    for operation in operations:
        if operation.definition.raw["operationId"] in ("endToken",):
            continue

        @settings(
            max_examples=_EACH,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def each(case: Any) -> None:
            if statuses.total() % 2:
                _aim(case, there)
            answer = case.call_and_validate(
                headers={"Authorization": f"Bearer {token}"}, checks=list(_CHECKS)
            )
            statuses[answer.status_code] += 1

        each()
    assert statuses.total() > 3 * len(operations)
    # in the other mode it leaves out the token, too
    assert not statuses[401] or mode is GenerationMode.NEGATIVE
    assert statuses[200 if mode is GenerationMode.POSITIVE else 422] > 50, statuses


def real(office: Office) -> dict[str, Any]:
    """What is there, by the root of its path."""
    ann = office.bearer()
    return {
        "articles": ann.get("/articles")["items"][0]["id"],
        "editions": ann.get("/editions/daily/1/deliveries")["items"][0]["id"],
        "subscribers": ann.get("/subscribers")["items"][0]["id"],
        "editors": office.actor("viewer", "leaver").id,
    }


def _aim(case: Any, there: dict[str, Any]) -> None:
    """At things that are there: what is drawn by chance hardly ever finds one."""
    root = case.path.split("/")[1]
    known = {"newsletter": "daily", "number": 1, "id": there.get(root, 1), "address": "ada@example.org"}
    known["kind"] = "polls"
    case.path_parameters = {name: known[name] for name in case.path_parameters or {}}
    if isinstance(case.body, dict) and isinstance(case.body.get("newsletter"), str):
        case.body["newsletter"] = "daily"
