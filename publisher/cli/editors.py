"""Commands about editors: the people who may sign in at the desk."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from publisher.cli.speaking import JSON, help_when_alone, moment, opened, result, table

if TYPE_CHECKING:
    from publisher.config.schema import Config
    from publisher.store.editors import Editor

ADDRESS = typer.Argument(..., metavar="ADDRESS")
ROLE = "viewer, editor, publisher or admin."
_editors = typer.Typer(
    invoke_without_command=True,
    callback=help_when_alone,
    help="Who may sign in: add, list, link, passwd, role, remove.\n\n"
    "A viewer sees; an editor also cuts and tests editions; a publisher also approves and sends; an admin "
    "also manages editors.",
)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_editors, name="editors")


@_editors.command()
def add(
    context: typer.Context,
    name: str = typer.Argument(..., metavar="NAME", help="What the log calls them."),
    address: str = ADDRESS,
    role: str = typer.Option("viewer", "--role", metavar="ROLE", help=ROLE),
    as_json: bool = JSON,
) -> None:
    """Add an editor; print a one-time link to sign in with.

    The link works once, for an hour. Its page signs in by a button, because mail scanners follow links.

    \b
      publisher editors add "Ann Editor" ann@example.org --role admin
    """
    from publisher.admitting import accounts
    from publisher.model.editors import COMMAND_LINE

    with opened(context) as p:
        editor, secret = accounts.add(p.store, COMMAND_LINE, name, address, role, p.clock())
        _say_link(as_json, p.config, editor, secret)


@_editors.command()
def link(context: typer.Context, address: str = ADDRESS, as_json: bool = JSON) -> None:
    """Print a new one-time link for an editor.

    For the first time, and for a forgotten password. It works once, for an hour; one before it ends.
    """
    from publisher.admitting import accounts
    from publisher.model.editors import COMMAND_LINE

    with opened(context) as p:
        editor, secret = accounts.link(p.store, COMMAND_LINE, address, p.clock())
        _say_link(as_json, p.config, editor, secret)


@_editors.command("list")
def list_(context: typer.Context, as_json: bool = JSON) -> None:
    """List who may sign in."""
    from publisher.admitting import accounts
    from publisher.model.editors import COMMAND_LINE

    with opened(context) as p:
        found, zone = accounts.listed(p.store, COMMAND_LINE), p.config.publication.zone
    rows = [[e.address, e.name, e.role, *_proofs(e), moment(e.created_at, zone)] for e in found]
    headings = ["address", "name", "role", "password", "codes", "since"]
    empty = "No editors yet: publisher editors add NAME ADDRESS --role admin"
    result(as_json, [_data(editor) for editor in found], *table(headings, rows, empty))


@_editors.command()
def passwd(context: typer.Context, address: str = ADDRESS, as_json: bool = JSON) -> None:
    """Set an editor's password, which is asked for.

    Their sessions end. On a terminal it is asked for twice and not shown; else it is the first line of
    standard input.
    """
    from publisher.admitting import own

    with opened(context) as p:
        editor = own.set_password_of(p.store, address, _asked_for(), p.clock())
    said = f"{editor.address}: the new password holds, and every session has ended"
    result(as_json, {"address": editor.address}, said)


@_editors.command()
def role(
    context: typer.Context,
    address: str = ADDRESS,
    to: str = typer.Argument(..., metavar="ROLE", help=ROLE),
    as_json: bool = JSON,
) -> None:
    """Give an editor another role; their sessions end."""
    from publisher.admitting import accounts
    from publisher.model.editors import COMMAND_LINE

    with opened(context) as p:
        before = accounts.set_role(p.store, COMMAND_LINE, address, to, p.clock())
    now = accounts.role_of(to)
    data = {"address": before.address, "role": now, "before": before.role}
    result(as_json, data, f"{before.address}: {now}, was {before.role}")


@_editors.command()
def remove(context: typer.Context, address: str = ADDRESS, as_json: bool = JSON) -> None:
    """End an editor's account.

    Its sessions, links and tokens end with it; the log keeps the name.
    """
    from publisher.admitting import accounts
    from publisher.model.editors import COMMAND_LINE

    with opened(context) as p:
        gone = accounts.remove(p.store, COMMAND_LINE, address, p.clock())
    result(as_json, {"address": gone.address}, f"{gone.address}: removed")


def _say_link(as_json: bool, config: Config, editor: Editor, secret: str) -> None:
    url = f"{config.publication.url}/desk/link/{secret}"
    data = {"address": editor.address, "name": editor.name, "role": editor.role, "link": url}
    result(as_json, data, f"{editor.name} ({editor.role}) signs in here, once, within an hour:", url)


def _data(editor: Editor) -> dict[str, Any]:
    has_password, has_codes = _proofs(editor)
    about = {"address": editor.address, "name": editor.name, "role": editor.role}
    return {**about, "password": bool(has_password), "codes": bool(has_codes), "since": editor.created_at}


def _proofs(editor: Editor) -> tuple[str, str]:
    return "yes" if editor.password else "", "yes" if editor.totp else ""


def _asked_for() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")
