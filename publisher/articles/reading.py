"""One file into a manuscript."""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import replace
from datetime import tzinfo
from html import unescape
from pathlib import PurePosixPath

from lxml.html import HtmlElement

from publisher.articles import (
    document,
    embeds,
    fields,
    front_matter,
    markdown,
    mdx,
    moments,
    plain,
    references,
    settled,
    sphinx,
    template_tags,
)
from publisher.articles.decoding import decode
from publisher.articles.front_matter import Header
from publisher.articles.prose import cut, joined, words
from publisher.articles.prose import opening as opening_of
from publisher.articles.sanitising import MAX_DEPTH, markup, repair, sanitise, too_deep, tree
from publisher.errors import ContentError
from publisher.model.articles import Manuscript

_MDX = ".mdx"
MARKDOWN = frozenset({".md", ".markdown", ".mkd", ".mdown", _MDX})
HTML, TEXT = frozenset({".html", ".htm"}), frozenset({".txt"})
RST = frozenset({".rst", ".rest"})
SUFFIXES = MARKDOWN | HTML | TEXT | RST
# who fences metadata writes Markdown below, whatever the file is called
FENCES = frozenset({"---", "+++", "{"})

_MORE = re.compile(
    r"<!--\s*(?:more|excerpt|truncate|teaser_end|end_teaser|pelican_end_summary)\b[^>]{0,40}-->",
    re.IGNORECASE,
)
# of those with most publications; others could be any word
_LANGUAGES = re.compile(
    r"ar|b[gn]|c[as]|d[ae]|e[lnstu]|f[air]|gl|h[eiru]|i[dt]|ja|ko|l[tv]|n[blno]|p[lt]|r[ou]|s[klrv]|t[hr]|uk|vi|zh"
)
# with its end, if it holds nothing but text
_FIRST_HEADING = re.compile(r"<h[1-6][^<>]*>([^<]*)(</h)?")
_JEKYLL_NAME = re.compile(r"\d{4}-\d{1,2}-\d{1,2}-")


def read(data: bytes, path: str, *, zone: tzinfo, language: str = "en", highlight: bool = True) -> Manuscript:
    """Parse one file; `path` is its POSIX path inside its source, `zone` where its naive dates count.

    `language` is the publication's, of the few words that are put in where the file does not name its own;
    `highlight` puts colours into code.

    Raises ContentError with the line in the file for what cannot be read or would be published wrongly.
    """
    text, notes = decode(data, path)
    header, body, line = front_matter.split(text, path)
    suffix = posixpath.splitext(path)[1].lower()
    if suffix in HTML:
        header, body = document.split(body, header)
    elif suffix in RST:
        header = sphinx.metadata(header, body, line)
    else:
        header, body = sphinx.fenced(header, body, line)
    language = fields.language(header) or _in_name(path) or language
    if suffix == _MDX or (suffix in MARKDOWN and mdx.is_mdx(body)):
        header = replace(header, values={**mdx.metadata(body), **header.values})
        body = mdx.plain(body, language)
    title = fields.title(header)
    if not title and not body.strip():
        goes = header.text("redirect", "redirectto")
        raise ContentError(
            path, 1, "title", f"only sends on to {goes}" if goes else "neither a title nor text"
        )
    if suffix in RST or (suffix in TEXT and header.notation in ("..", "::")):
        # loaded only where there is any
        from publisher.articles import rst

        body = references.plain(body)
        begins, html, more = rst.render(body, _mark(path), language, titled=bool(title))
        html, title = markdown.coloured(html, highlight=highlight), title or begins
    elif suffix in TEXT and header.notation not in FENCES:
        title, below = (title, body) if title else plain.title_of(body)
        html, more = plain.render(below, title)
    else:
        stripped, more = template_tags.resolve(body, markdown=suffix not in HTML, language=language)
        html = stripped if suffix in HTML else markdown.render(stripped, _mark(path), highlight=highlight)
        html = markdown.coloured(html, highlight=highlight) if suffix in HTML else html
    final = settled.form(html)
    if final is None:
        html = embeds.linked(html, language)
        if too_deep(html):
            reason = f"over {MAX_DEPTH} tags stand inside each other: are they closed?"
            raise ContentError(path, line, "", reason)
    return _manuscript(header, title, body, html, final, notes + more, zone)


def _manuscript(
    header: Header,
    title: str,
    body: str,
    html: str,
    final: str | None,
    notes: tuple[str, ...],
    zone: tzinfo,
) -> Manuscript:
    """`final` is what will become of `html`, where that is known already."""
    path = header.path
    summary = fields.summary(header) or _teaser(html)
    whole = final is not None and bool(title) and not _may_say(final, title)
    if final is not None and whole:
        named, summary = title, summary or opening_of(tree(final))
        html = final.replace("<h1", "<h2").replace("</h1>", "</h2>") if "<h1" in final else final
    else:
        root = tree(sanitise(html) if final is None else final)
        named = title or _heading(root)
        if not named:
            named = _from_name(path)
            notes += ("without a title: it is called after its file",)
        _drop_title(root, named)
        repair(root)
        summary, html = summary or opening_of(root), markup(root)
    when = moments.of(header, zone)
    notes = header.notes + notes + when.notes
    draft = fields.draft(header)
    if posixpath.basename(path).split(".")[0] == "_index" and not draft:
        # Hugo and Zola: the page of a section lists articles, and is none
        draft, notes = True, (*notes, "the page of a section (_index) is no article: it is kept as a draft")
    if fields.aside(header) and not draft:
        draft, notes = True, (*notes, "its front matter keeps it out of every list: it is kept as a draft")
    jekyll = header.notation == "---" and _is_jekyll(path)
    correction = header.text("correction")
    return Manuscript(
        path=path,
        title=joined(named),
        summary=summary,
        html=html,
        slug=fields.slug(header, _stem(path)),
        authors=fields.authors(header),
        labels=fields.labels(header, jekyll),
        picture=fields.picture(header),
        published_at=when.published_at,
        updated_at=when.updated_at,
        expires_at=when.expires_at,
        not_before=when.not_before,
        draft=draft,
        language=fields.language(header) or _in_name(path),
        explicit_id=header.text("id", "guid", "uuid"),
        correction=joined(correction),
        aliases=fields.aliases(header),
        body_hash=hashlib.sha256(body.strip().encode()).hexdigest(),
        notes=notes,
        settled=whole,
    )


def _teaser(html: str) -> str:
    """The text before the author's own mark."""
    found = _MORE.search(html)
    if not found:
        return ""
    root = tree(sanitise(html[: found.start()]))
    for beside in root.xpath("h1|h2|h3|h4|h5|h6|figure"):
        beside.drop_tree()
    return cut(words(root))


def _heading(root: HtmlElement) -> str:
    """The first level-one heading, or a heading of any level that everything else follows."""
    for heading in root.iter("h1"):
        return words(heading)
    first = next((element for element in root if words(element)), None)
    if first is not None and re.fullmatch(r"h[2-6]", first.tag) and not (root.text or "").strip():
        return words(first)
    return ""


def _may_say(html: str, title: str) -> bool:
    """Whether the first heading may say the title again; `html` is settled."""
    first = _FIRST_HEADING.search(html)
    return first is not None and (not first[2] or joined(unescape(first[1])).casefold() == title.casefold())


def _drop_title(root: HtmlElement, title: str) -> None:
    """A first heading that says the title again goes: the title is printed above the text anyway."""
    first = next(root.iter("h1", "h2", "h3", "h4", "h5", "h6"), None)
    if first is None or words(first).casefold() != title.casefold():
        return
    above = first.getprevious()
    if first.tag == "h1" or (above is None and not (root.text or "").strip()):
        first.drop_tree()


def _is_jekyll(path: str) -> bool:
    """Whether a file is one of Jekyll's: its posts have a date in their name, its collections begin with `_`.

    Hexo's posts need no date, Hugo's stand in `content`, and Middleman's are called `.html.md`.
    """
    *folders, name = path.split("/")
    if any(folder[:1] == "_" and folder != "_posts" for folder in folders):
        return True
    dated = _JEKYLL_NAME.match(name) is not None and ".html." not in name
    return dated and ("_posts" in folders or "content" not in folders)


def _stem(path: str) -> str:
    file = PurePosixPath(path)
    stem = file.stem.removesuffix(f".{_in_name(path)}")
    return file.parent.name if stem.lower() in ("index", "_index") and file.parent.name else stem


def _in_name(path: str) -> str:
    """The language in a name such as `boat.de.md`."""
    parts = path.rpartition("/")[2].rsplit(".", 2)
    return parts[1] if len(parts) == 3 and _LANGUAGES.fullmatch(parts[1]) else ""


def _from_name(path: str) -> str:
    name = re.sub(r"[-_]+", " ", fields.slug(Header(path), _stem(path)))
    return name[:1].upper() + name[1:]


def _mark(path: str) -> str:
    return hashlib.sha256(path.encode(errors="surrogateescape")).hexdigest()[:6]
