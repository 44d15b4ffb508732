"""The description of the API, made from the table of operations (OpenAPI 3.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from publisher import __version__
from publisher.model.editors import SCOPES
from publisher.permissions import LEAST
from publisher.web.api.operations import Given, Operation
from publisher.web.api.problems import TYPE, Problem

_REF = "#/components/schemas/{model}"
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "a text of your own: the same once more is answered as the first time, for a day, "
    "and not done twice",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]{1,200}$"},
}
_ABOUT = (
    "Everything that the desk can do, for programs. The same use cases, roles and rules: a token acts as its "
    "editor, within its scopes."
)
# of every operation, and of those with a body
_ALWAYS, _WITH_BODY = (401, 403, 422, 429, 500, 503), (400, 413, 415)


def document(operations: Sequence[Operation], server: str) -> str:
    """The whole document, as JSON."""
    bodies = {one.body for one in operations if one.body}
    answers = {one.answer for one in operations if one.answer} | {Problem}
    wanted: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
        *((model, "validation") for model in sorted(bodies, key=_name)),
        *((model, "serialization") for model in sorted(answers, key=_name)),
    ]
    named, schemas = models_json_schema(wanted, ref_template=_REF)
    references = {model: schema for (model, _), schema in named.items()}
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.described_path, {})[one.method.lower()] = _operation(one, references)
    scopes = ", ".join(SCOPES)
    scheme = {"type": "http", "scheme": "bearer", "description": f"An API token; its scopes: {scopes}."}
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "Publisher", "version": __version__, "description": _ABOUT},
            "servers": [{"url": server}],
            "security": [{"token": []}],
            "tags": [{"name": name} for name in dict.fromkeys(_tag(one) for one in operations)],
            "paths": paths,
            "components": {"schemas": schemas.get("$defs", {}), "securitySchemes": {"token": scheme}},
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _name(model: type[BaseModel]) -> str:
    return model.__name__


def _tag(one: Operation) -> str:
    return one.path.split("/")[1]


def _operation(one: Operation, references: Mapping[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": one.name,
        "tags": [_tag(one)],
        "summary": one.summary,
        "description": _rights(one),
        "parameters": [*_parameters(one.place, "path"), *_parameters(one.query, "query")],
        "responses": _responses(one, references),
    }
    if one.action:
        described["x-least-role"], described["x-scope"] = LEAST[one.action]
    if one.once:
        described["parameters"].append(_KEY)
    if one.body:
        content: dict[str, Any] = {"schema": references[one.body]}
        if one.example:
            content["example"] = dict(one.example)
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    return described


def _rights(one: Operation) -> str:
    if not one.action:
        return "For every token."
    role, scope = LEAST[one.action]
    return f"The least role is {role}, the scope of the token is {scope}."


def _parameters(model: type[Given], where: str) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REF)
    needed = set(schema.get("required", ()))
    found = []
    for name, each in schema.get("properties", {}).items():
        shape = {k: v for k, v in each.items() if k not in ("title", "description", "examples")}
        one = {"name": name, "in": where, "required": where == "path" or name in needed, "schema": shape}
        if "description" in each:
            one["description"] = each["description"]
        if "examples" in each:
            one["example"] = each["examples"][0]
        found.append(one)
    return found


def _responses(one: Operation, references: Mapping[Any, Any]) -> dict[str, Any]:
    done: dict[str, Any] = {"description": HTTPStatus(one.status).phrase}
    if one.answer:
        done["content"] = {"application/json": {"schema": references[one.answer]}}
    if one.streams:
        done["content"] = {one.streams: {"schema": {"type": "string"}}}
    if one.once:
        said = "true: this is the answer of the first time"
        done["headers"] = {"Idempotent-Replayed": {"description": said, "schema": {"type": "string"}}}
    refusals = {*_ALWAYS, *one.refusals, *(_WITH_BODY if one.body else ()), *((409,) if one.once else ())}
    return {
        str(one.status): done,
        **{str(status): _refusal(status, references) for status in sorted(refusals)},
    }


def _refusal(status: int, references: Mapping[Any, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {TYPE: {"schema": references[Problem]}},
    }
    name = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}.get(status)
    if name:
        said["headers"] = {name: {"schema": {"type": "string"}}}
    return said
