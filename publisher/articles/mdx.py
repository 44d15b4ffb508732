"""MDX: Markdown with JavaScript around it. The script goes, what components hold stays."""

from __future__ import annotations

import re

from publisher.articles import embeds
from publisher.articles.front_matter import Value, normal

_MODULE = re.compile(
    r"^(?:export\s[^\n]*[\[{(`][ \t]*\n(?:[^\n]*\n){0,400}?[\])}`][^\n]*$"
    r"|(?:import|export)\s[^\n]*(?:\n[^\n]+)*?(?=\n[ \t]*\n|\n?\Z))",
    re.M,
)
# what other programs than MDX read from a file of Markdown
_IMPORT = re.compile(
    r"\s*import\s+(?:[\w$]+\s*,?\s*)?(?:\{[^{}]*\}|\*\s+as\s+[\w$]+)?\s*from\s*[\"'][^\"'\n]+[\"'];?[^\S\n]*$",
    re.M,
)
_META = re.compile(r"^export\s+const\s+(?:meta|metadata|frontmatter)\s*=\s*\{", re.M)
_END = re.compile(r"[^\n]*\}[ \t]*;?[ \t]*$|.*?^\}", re.M | re.S)
_TEXT = r"\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'|`([^`]*)`"
_PAIR = re.compile(
    rf"(?:^|[,{{])\s*[\"']?(\w+)[\"']?\s*:\s*(?:{_TEXT}|(true|false)|\[([^\[\]{{}}]*)\])", re.M
)
_FENCE = re.compile(r"^([ \t]*)(```+|~~~+)[^\n]*\n.*?(?:^\1?\2[^\n]*$|\Z)", re.M | re.S)
_EXPRESSION = r"\{(?:[^{}]|\{[^{}]*\})*\}"
_ELEMENT = re.compile(rf"<[a-z]\w*\b(?:[^<>{{}}]|{_EXPRESSION})*>")
_ATTRIBUTE = re.compile(rf"\s([\w-]+)=({_EXPRESSION})")
_STRING = re.compile(r"[\"'`]([^\"'`]*)[\"'`]")
_SPACE = re.compile(r"\{([\"'`])(\s*)\1\}")
_CUT = re.compile(r"\{/\*\s*(truncate|more|excerpt)\s*\*/\}")
_COMPONENT = re.compile(r"<([A-Z]\w*)\b([^<>]{0,2000}?)/?>")


def metadata(text: str) -> dict[str, Value]:
    """What `export const meta = {…}` says in plain strings and lists of them."""
    found = _META.search(text)
    end = _END.match(text, found.end()) if found else None
    pairs = _PAIR.finditer(text, found.end() - 1, end.end()) if found and end else ()
    return {normal(pair[1]): _value(*pair.groups()[1:]) for pair in pairs}


def _value(*parts: str | None) -> Value:
    *texts, switch, listed = parts
    if listed is not None:
        return [_value(*entry, None, None) for entry in re.findall(_TEXT, listed)]
    text = next((part for part in texts if part), "")
    return switch or re.sub(r"\\(.)", r"\1", text)


def is_mdx(text: str) -> bool:
    """Whether a file of Markdown begins with an import, as MDX may."""
    return _IMPORT.match(text) is not None


def plain(text: str, language: str) -> str:
    """The text as Markdown: without imports, exports and comments; a known player becomes a link."""
    pieces: list[str] = []
    at = 0
    for fence in _FENCE.finditer(text):
        pieces += [_outside(text[at : fence.start()], language), fence[0]]
        at = fence.end()
    return "".join([*pieces, _outside(text[at:], language)])


def _without_comments(text: str) -> str:
    pieces: list[str] = []
    at = 0
    while (start := text.find("{/*", at)) >= 0 and (end := text.find("*/}", start)) >= 0:
        pieces.append(text[at:start])
        at = end + 3
    return "".join([*pieces, text[at:]])


def _outside(text: str, language: str) -> str:
    text = _without_comments(_CUT.sub(r"<!-- \1 -->", _MODULE.sub("", text)))
    if "={" in text:
        text = _ELEMENT.sub(lambda tag: _ATTRIBUTE.sub(_attribute, tag[0]), text)
    text = _SPACE.sub(r"\2", text)

    def component(found: re.Match[str]) -> str:
        arguments = re.sub(r"=\{[\"'`]?([^{}\"'`]*)[\"'`]?\}", r'="\1"', found[2])
        arguments = re.sub(r"\b(?:videoId|tweetId|youTubeId|videoid)=", "id=", arguments)
        return embeds.of_tag(found[1], arguments, language)

    return _COMPONENT.sub(component, text)


def _attribute(found: re.Match[str]) -> str:
    """An attribute in plain HTML where its expression holds one string, such as a call with a path."""
    said = _STRING.findall(found[2])
    if len(said) != 1 or found[2].startswith("{{"):
        return ""
    root = "/" if "BaseUrl" in found[2] and said[0][:1] != "/" else ""
    return f' {found[1]}="{root}{said[0]}"'
