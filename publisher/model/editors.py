"""Who acts: an editor with a role, or the command line, which nothing is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["viewer", "editor", "publisher", "admin"]
Scope = Literal["read", "edit", "send", "people", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something. `id` is an editor's; without one it is the command line or the clock.

    `scopes` are those of an API token; None: whatever the role allows.
    """

    name: str
    id: int | None = None
    role: Role = "admin"
    scopes: frozenset[str] | None = None


COMMAND_LINE = Actor("command line")
CLOCK = Actor("clock")
