"""Writes docs/reference.md from the code: `make reference`. The same code gives the same bytes.

Names, types and defaults come from the program; what they mean is said in wording.py. A name without words
stops the script, so nothing can be added to the program and forgotten here.
"""

from __future__ import annotations

import ast
import inspect
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import wording
from jinja2 import Environment, meta
from reading_code import code, command_line, configuration, exit_codes, same, table

from publisher import feeds
from publisher.app import open_publisher
from publisher.articles import fields, front_matter, moments, reading
from publisher.config.newsletters import Newsletter
from publisher.config.public import Feed, Look, Publication
from publisher.languages import Phrasebooks
from publisher.model.articles import Article
from publisher.model.mail import Status
from publisher.rendering import mail, stories
from publisher.rendering.environment import builtin
from publisher.store.catalogue import Listing
from publisher.subscribing import rows as csv_rows
from publisher.web.public import application

HERE = Path(__file__).parent
_ARTICLE_TIME = datetime(2026, 11, 21, 7, tzinfo=UTC)


def front_matter_keys() -> Iterator[str]:
    """Keys of front matter, and those inside mappings."""
    asked = _asked(fields) | _asked(moments) | _asked(reading) | {*front_matter.NESTED}
    _known("front matter", asked, wording.FRONT_MATTER)
    inside = _asked(fields, ("one_of",))
    _known("mappings", inside, wording.MAPPINGS)
    for rows in (wording.FRONT_MATTER, wording.MAPPINGS):
        yield from table(["keys", "meaning"], [(code(keys.split()), said) for said, keys in rows])


def _asked(module: Any, called: Sequence[str] = ("first", "text", "get")) -> set[str]:
    """The keys that a module of articles/ asks a header for, by its own tables and in its calls."""
    found: set[str] = set()
    if "first" in called:
        tables = ("_SUMMARY", "_AUTHORS", "_LABELS", "_PICTURE", "_DATE", "_CREATED", "_UPDATED", "_CHANGED")
        found |= {key for name in (*tables, "_EXPIRES") for key in getattr(module, name, ())}
        found |= {getattr(module, "_EMBARGO", "")} - {""} | _looped(module)
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and _name(node.func) in called and not _is_flat(node):
            found |= {
                a.value
                for a in node.args
                if isinstance(a, ast.Constant) and isinstance(a.value, str) and a.value
            }
    return found


def _looped(module: Any) -> set[str]:
    """Keys that stand in the head of a loop."""
    nodes = ast.walk(ast.parse(inspect.getsource(module)))
    loops = [n.iter for n in nodes if isinstance(n, ast.For | ast.comprehension)]
    tuples = [node for node in loops if isinstance(node, ast.Tuple)]
    return {
        e.value for t in tuples for e in t.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)
    }


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_flat(node: ast.Call) -> bool:
    """Whether a call of `get` asks something else than a header's values."""
    return (
        isinstance(node.func, ast.Attribute)
        and node.func.attr == "get"
        and "values" not in ast.unparse(node.func)
    )


def _known(what: str, asked: set[str], rows: Sequence[tuple[str, str]]) -> None:
    same(what, {front_matter.normal(key) for _, keys in rows for key in keys.split()}, asked)


def mail_names() -> Iterator[str]:
    """What templates of mail can use."""
    publication, look = Publication(), Look()
    moment, empty = _ARTICLE_TIME, ""
    one = mail.Mail(
        publication,
        look,
        empty,
        Newsletter(),
        "daily",
        1,
        moment.date(),
        "en",
        empty,
        empty,
        empty,
        web=False,
    )
    article = Article(
        "urn:1", "a.md", "a", "https://courier.example/a/", "A", "B", "<p>C</p>", moment, moment
    )
    same("names of mail", wording.MAIL_NAMES, mail._context(one))
    words = (ZoneInfo("UTC"), "en", Phrasebooks())
    same("names of a story", wording.STORY_NAMES, stories.context(article, "letter", *words))
    for said in (
        wording.MAIL_NAMES,
        wording.STORY_NAMES,
        wording.FIELDS,
        wording.FILTERS,
        wording.TRANSLATING,
    ):
        yield from table(["name", "meaning"], [(f"`{n}`", text) for n, text in said.items()])


def templates() -> Iterator[str]:
    """The built-in templates and the names that each uses."""
    parser = Environment(extensions=["jinja2.ext.i18n"])
    translating = {name.partition("(")[0] for name in wording.TRANSLATING} | {"gettext", "ngettext", "_trans"}
    for filter_ in wording.FILTERS:
        parser.filters[filter_] = str
    rows = []
    for file in sorted([*builtin().glob("mail/*"), *builtin().glob("pages/*")]):
        used = meta.find_undeclared_variables(parser.parse(file.read_text(encoding="utf-8")))
        rows.append((f"`{file.relative_to(builtin()).as_posix()}`", code(sorted(used - translating))))
    yield from table(["template", "names it uses"], rows)


def files() -> Iterator[str]:
    """What is written under output.path."""
    rows = [(f"`{path}`", f"the feed `main`, {kind}") for kind, path in feeds.paths("main", Feed()).items()]
    rows += [(f"`{path}`", f"any other feed, {kind}") for kind, path in feeds.paths("NAME", Feed()).items()]
    yield from table(["file", "meaning"], [*rows, *((f"`{f}`", said) for f, said in wording.FILES.items())])


def routes() -> Iterator[str]:
    """What the web server answers."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.yaml")
        config.write_text("", encoding="utf-8")
        publisher = open_publisher(config)
        found: list[Any] = list(application(publisher).routes)
        publisher.close()
    rows = []
    for route in found:
        answered = getattr(getattr(route, "endpoint", None), "methods", None)
        methods = sorted(answered or getattr(route, "methods", None) or {"GET", "HEAD"})
        said = inspect.getdoc(route.endpoint) if hasattr(route, "endpoint") else wording.PUBLIC_FILES
        rows.append((f"`{' '.join(methods)} {route.path or '/…'}`", (said or "").split("\n\n")[0]))
    yield from table(["route", "meaning"], rows)


def stored() -> Iterator[str]:
    """The states of editions, deliveries and articles, and the columns of a CSV of subscribers."""
    same("statuses", wording.STATUSES, get_args(Status))
    for what, said in (
        ("A delivery is", wording.STATUSES),
        ("An edition is", wording.EDITION_STATES),
        ("An article is", wording.ARTICLE_STATUSES),
    ):
        yield from table([what, ""], [(f"`{name}`", text) for name, text in said.items()])
    same(
        "statuses of articles",
        set(),
        (n for n in wording.ARTICLE_STATUSES if n not in (Listing.__doc__ or "")),
    )
    other = ", ".join(f"`{alias}` for `{column}`" for alias, column in csv_rows.ALIAS.items())
    yield f"Columns of a CSV of subscribers: {code(csv_rows.COLUMNS)}; also {other}. {wording.COLUMNS}\n"


CHAPTERS: dict[str, Callable[[], Iterator[str]]] = {
    "Configuration": configuration,
    "Command line": command_line,
    "Exit codes": exit_codes,
    "States": stored,
    "Front matter": front_matter_keys,
    "Templates": templates,
    "Names in mail": mail_names,
    "Files under output.path": files,
    "HTTP": routes,
}


def document() -> str:
    """The whole of reference.md."""
    lines = ["# Reference", "", "Made from the code by `make reference`; do not edit by hand.", ""]
    for title, chapter in CHAPTERS.items():
        lines += [f"## {title}", "", wording.CHAPTERS[title], "", *chapter()]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    (HERE / "reference.md").write_text(document(), encoding="utf-8")
