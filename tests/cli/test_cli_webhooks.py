"""publisher webhooks: how the endpoints fare, one tried out, one begun again; and what is checked before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hook_server import SECRET, listening


def configured(site: Any, *endpoints: Any) -> None:
    config = yaml.safe_load((site.folder / "config.yaml").read_text())
    site.write("config.yaml", yaml.safe_dump({**config, "webhooks": list(endpoints)}))


def test_from_new_to_well_to_off_and_back(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    assert "Nobody is told" in site("webhooks").out
    with listening() as listener:
        configured(site, {"url": listener.url, "secret_env": "HOOK_SECRET", "allow_private": ["127.0.0.1"]})
        assert site("webhooks", "--json").json[0]["state"] == "new"
        assert site("webhooks", "--test", listener.url).out == f"{listener.url}: 204 No Content\n"
        assert listener.types == ["test"]
        site("tick")
        site("subscribers", "add", "ada@example.org", "--newsletter", "daily")
        listener.answers = [410]
        site("tick")
        gone = site("webhooks")
        assert (gone.code, "off" in gone.out, "410 Gone" in gone.out) == (1, True, True)
        assert f"Webhook {listener.url} is off: 410 Gone" in site("status").err
        assert site("webhooks", "--enable", listener.url).code == 0
        site("tick")
        assert listener.types == ["test", "subscriber.confirmed"]
        listener.answers = [500]
        assert site("webhooks", "--test", listener.url).code == 1
    for wrong in (("--test", "http://no.example/"), ("--enable", "http://no.example/")):
        assert site("webhooks", *wrong).code == 66
    assert site("webhooks", "--test", "a", "--enable", "b").code == 64


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ({"url": "https://crm.example/"}, "secret_env or secret_file: expected one of them"),
        ({"url": "ftp://crm.example/", "secret_env": "X"}, "expected an address such as https"),
        ({"url": "https://u:p@crm.example/", "secret_env": "X"}, "expected an address such as https"),
        ({"url": "https://crm.example/", "secret_env": "X", "events": []}, "at least 1 in the list"),
        ({"url": "https://crm.example/", "secret_env": "X", "events": ["edition.opened"]}, "edition.cut"),
    ],
)
def test_a_wrong_endpoint_is_an_error_of_the_configuration(
    site: Callable[..., Any], endpoint: dict[str, Any], said: str
) -> None:
    configured(site, endpoint)
    ran = site("webhooks")
    assert (ran.code, said in ran.err) == (78, True), ran.err
    assert "u:p" not in ran.err
