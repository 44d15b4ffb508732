"""The YAML of config.yaml, stricter than YAML itself: no key twice, no aliases, and a line for everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from publisher.errors import ConfigError, Problem

_MAX_CHARACTERS = 1_000_000
Place = tuple[str | int, ...]
Lines = dict[Place, int]


class _Loader(yaml.SafeLoader):
    """Keys are texts as they are written (`no` is Norway); a date is the text that it is."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse aliases: a few lines of them can stand for gigabytes."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(
                None, None, "aliases (*name) are not taken: write the value again", mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = True) -> dict[Any, Any]:
        """The mapping, its keys as they are written."""
        return {_written(key): self.construct_object(value, deep=deep) for key, value in node.value}


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if not tag.endswith((":timestamp", ":merge"))]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(text: str, file: Path) -> tuple[dict[str, Any], Lines]:
    """The mapping in `text` of `file`, and the line of every key and list item. Raises ConfigError."""
    if len(text) > _MAX_CHARACTERS:
        raise ConfigError([Problem(str(file), "expected less than a megabyte")])
    try:
        node, data = _loaded(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError([_problem(error, text, file)]) from None
    if data is not None and not isinstance(data, dict):
        raise ConfigError([Problem(f"{file}:1", "expected keys and values, such as `publication:`")])
    lines: Lines = {}
    if doubles := _walk(node, (), lines, file):
        raise ConfigError(doubles)
    return data or {}, lines


def _loaded(text: str) -> tuple[yaml.Node | None, Any]:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return node, None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def _walk(node: yaml.Node | None, at: Place, lines: Lines, file: Path) -> list[Problem]:
    """Write down the line of everything below `node`; the keys that stand there twice."""
    doubles: list[Problem] = []
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here, line = (*at, _written(key)), key.start_mark.line + 1
            if here in lines:
                where = ".".join(map(str, here))
                doubles.append(
                    Problem(f"{file}:{line}", f"{where}: stands here twice, first in line {lines[here]}")
                )
                continue
            lines[here] = line
            doubles += _walk(value, here, lines, file)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[*at, index] = value.start_mark.line + 1
            doubles += _walk(value, (*at, index), lines, file)
    return doubles


def _written(key: yaml.Node) -> str:
    return str(key.value)


def _problem(error: Exception, text: str, file: Path) -> Problem:
    if isinstance(error, RecursionError):
        return Problem(str(file), "not valid YAML: nested too deeply")
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return Problem(
            f"{file}:{line}",
            f"not valid YAML: the character U+{error.character:04X} may not stand here",
        )
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "context", None) or str(error)
    return Problem(
        f"{file}:{mark.line + 1}" if mark else str(file), f"not valid YAML: {' '.join(said.split())}"
    )
