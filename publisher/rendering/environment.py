"""The template engine: Jinja in a sandbox, with errors that name the true file and line."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from jinja2 import (
    BaseLoader,
    Environment,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    nodes,
)
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, _escape_inner, escape  # type: ignore[attr-defined]

import publisher
from publisher.errors import ContentError
from publisher.languages import Phrasebook, Phrasebooks
from publisher.rendering import marks
from publisher.rendering.translating import Translator, in_quotes, language_of
from publisher.rendering.wrapping import underlined, wrapped

_PLAIN = {"builtins", "datetime", "jinja2", "markupsafe"}
_MAIL, _WORDS = "mail/", "words"
_LINES_KEPT = 256


def builtin() -> Path:
    """The templates of the program itself: inside the package when installed, beside it in a checkout."""
    package = Path(publisher.__file__).parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


class Templates:
    """Templates by name, such as `mail/frame.html`; the first folder that has the file wins.

    Every method raises ContentError with the template's file and line for a fault in syntax, an unknown name,
    or something that the sandbox forbids.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)
        self._secret = secrets.token_hex(8)
        self.phrasebooks = Phrasebooks([folder / _WORDS for folder in folders])
        self._loader = _Loader(tuple(folders))
        self._environment = _Environment(self._loader, self._secret, self.phrasebooks)
        self._line = lru_cache(_LINES_KEPT)(self._compile_line)

    def render(self, name: str, /, **context: Any) -> str:
        """The template called `name`, rendered; values are escaped if the name ends in `.html`.

        In templates under `mail/`, fields are marks in the result (rule 15).
        """
        try:
            text = self._environment.get_template(name).render(context)
        except Exception as error:
            _raise_content_error(error, name)
        return self._finished(text, name, context) if name.startswith(_MAIL) else text

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Look at each file once and no more: for a thread that renders many pages of one moment."""
        before = self._loader.names_seen()
        self.settle()
        try:
            yield
        finally:
            self._loader.seen.names = before

    def settle(self) -> None:
        """As `settled`, from now on: for a thread that has these templates for one moment only."""
        if self._loader.names_seen() is None:
            self._loader.seen.names = set()

    def words(self, language: str) -> Phrasebook:
        """What sentences that are made elsewhere are called in a language."""
        return self.phrasebooks.of(language)

    def languages(self) -> list[str]:
        """The languages that there are words of, by their tags."""
        return self.phrasebooks.known()

    def css(self, name: str, /, **context: Any) -> str:
        """The text of a stylesheet, rendered with `context` and not escaped."""
        return self.render(name, **context)

    def line(self, source: str, place: str, /, **context: Any) -> str:
        """A template that stands in the configuration at `place`; not escaped, and fields are marks."""
        try:
            text = self._line(source, place).render(context)
        except Exception as error:
            _raise_content_error(error, place, place)
        return self._finished(text, place, context)

    def _finished(self, text: str, name: str, context: dict[str, Any]) -> str:
        """With fallbacks in the language of the mail."""
        return marks.finish(text, self._secret, name, self.phrasebooks.of(language_of(context)).gettext)

    def _compile_line(self, source: str, place: str) -> Template:
        environment = self._environment
        code = environment.compile(source, _MAIL + place, place)
        return Template.from_code(environment, code, environment.make_globals(None))


class _Loader(BaseLoader):
    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = folders
        self.seen = threading.local()

    def names_seen(self) -> set[str] | None:
        """The files that this thread has looked at since it settled on them; None while it has not."""
        names: set[str] | None = getattr(self.seen, "names", None)
        return names

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        del environment
        file = self._find(template)
        if file is None:
            raise TemplateNotFound(template)
        changed = file.stat().st_mtime_ns
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ContentError(str(file), 0, "", f"cannot be read as UTF-8 text: {error}") from None

        def is_same() -> bool:
            seen = self.names_seen()
            if seen is not None and template in seen:
                return True
            if self._find(template) != file or file.stat().st_mtime_ns != changed:
                return False
            if seen is not None:
                seen.add(template)
            return True

        return text, str(file), is_same

    def _find(self, name: str) -> Path | None:
        for folder in self._folders:
            file = folder / name
            # resolved, so that neither `..` nor a symbolic link leads out of the folder
            if file.is_file() and file.resolve().is_relative_to(folder.resolve()):
                return file
        return None


class _Environment(ImmutableSandboxedEnvironment):
    def __init__(self, loader: _Loader, secret: str, phrasebooks: Phrasebooks) -> None:
        super().__init__(
            loader=loader,
            autoescape=lambda name: bool(name) and str(name).endswith(".html"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        self._secret = secret
        self.template_class = _Compiled
        self.policies["ext.i18n.trimmed"] = True
        words = Translator(phrasebooks)
        i18n: Any = self
        i18n.install_gettext_callables(words.gettext, words.ngettext, newstyle=True, pgettext=words.pgettext)
        self.globals["words_lang"] = words.words_lang
        self.filters |= {"long_date": words.long_date, "clock_time": words.clock_time}
        self.filters |= {"in_quotes": in_quotes, "wrapped": wrapped, "underlined": underlined}
        # known to the parser only: the transform has replaced it before anything runs
        self.filters["fallback"] = _misplaced_fallback

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        if name and name.startswith(_MAIL):
            marks.place(tree, filename or name, self._secret)
        return tree

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """A plain dict, as they never change: Jinja's chain of two is copied entry by entry for each page."""
        return {**self.globals, **(d or {})}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A plain value of ours as it is: the sandbox would look at it for five times as long."""
        kind: Any = type(obj)
        names = _PLAIN_OF.get(kind)
        if attribute in (_plain_of(kind) if names is None else names):
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Methods only of plain values: a path or a settings object could read files."""
        if callable(value) and type(obj).__module__.partition(".")[0] not in _PLAIN:
            return False
        return bool(super().is_safe_attribute(obj, attr, value))


_PLAIN_OF: dict[type, frozenset[str]] = {LoopContext: frozenset({"first", "last", "index"})}


def _plain_of(kind: type) -> frozenset[str]:
    """The fields and properties of a dataclass of ours without an underscore: never functions."""
    names = set[str]()
    if is_dataclass(kind) and kind.__module__.startswith("publisher."):
        properties = (name for name, value in vars(kind).items() if isinstance(value, property))
        names = {*(field.name for field in fields(kind)), *properties}
    return _PLAIN_OF.setdefault(kind, frozenset(name for name in names if not name.startswith("_")))


class _Compiled(Template):
    """A template that escapes plain text in C alone, and makes no object of each piece of it."""

    @classmethod
    def _from_namespace(
        cls, environment: Environment, namespace: MutableMapping[str, Any], globals: MutableMapping[str, Any]
    ) -> Template:
        namespace["escape"] = _escape
        return super()._from_namespace(environment, namespace, globals)


def _escape(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return _escape_inner(value)
    # what is escaped already needs no copy
    return value if kind is Markup else escape(value)


def _misplaced_fallback(value: object, *_: object) -> NoReturn:
    raise TypeError(f"fallback is for fields such as subscriber.name, not for {value!r}")


def _raise_content_error(error: Exception, name: str, place: str = "") -> NoReturn:
    if isinstance(error, ContentError):
        raise ContentError(error.path, 0 if place else error.line, error.field, error.reason) from None
    if isinstance(error, TemplateSyntaxError):
        path, line = error.filename or error.name or name, error.lineno
    else:
        path, line = _innermost(error.__traceback__) or (name, 0)
    if not line and not isinstance(error, TemplateNotFound):
        raise error
    if isinstance(error, TemplateNotFound):
        reason = f"no template {error.message or error.name!r} in any template folder"
    else:
        reason = str(error) or type(error).__name__
    raise ContentError(path, 0 if place else line, "", reason) from error


def _innermost(traceback: TracebackType | None) -> tuple[str, int] | None:
    """The last template in a traceback, whose lines Jinja has put right already."""
    found = None
    while traceback:
        if "__jinja_exception__" in traceback.tb_frame.f_globals:
            found = traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
        traceback = traceback.tb_next
    return found
