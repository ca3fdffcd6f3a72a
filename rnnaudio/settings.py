"""Settings as plain dataclasses: from YAML with overrides, and back; an unknown key or a wrong type names itself."""

import argparse
import dataclasses
import difflib
import re
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml

from rnnaudio.errors import ConfigError

Settings = TypeVar("Settings")

__all__ = ["describe", "from_mapping", "read_settings", "read_yaml", "to_mapping"]


def read_settings(cls: type[Settings], path: str | Path | None = None, overrides: Sequence[str] = ()) -> Settings:
    """Build a settings dataclass from a YAML file and `--a.b value` overrides, later ones winning.

    Raises `ConfigError` in one line that names the file (or the command line) and the setting.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Example:
    ...     size: int = 3
    >>> read_settings(Example, overrides=["--size", "5"])
    Example(size=5)
    """
    values = {} if path is None else read_yaml(path)
    return _build(cls, values, "settings" if path is None else str(path), overrides)


def from_mapping(cls: type[Settings], values: Mapping[str, Any], where: str) -> Settings:
    """Build a settings dataclass from nested plain values; errors name `where` they came from.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Example:
    ...     size: int = 3
    >>> from_mapping(Example, {"sise": 5}, "config.yaml")
    Traceback (most recent call last):
    ...
    rnnaudio.errors.ConfigError: config.yaml: sise is not a setting. Did you mean size?
    """
    return _build(cls, values, where)


def to_mapping(settings: Any) -> dict[str, Any]:
    """Nested plain values of a settings dataclass, ready for YAML or JSON.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Example:
    ...     path: Path = Path("a/b")
    ...     range: tuple[int, int] = (1, 2)
    >>> to_mapping(Example())
    {'path': 'a/b', 'range': [1, 2]}
    """
    return {field.name: _plain(getattr(settings, field.name)) for field in dataclasses.fields(settings)}


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML file that holds settings; no tags, no code.

    >>> read_yaml("nowhere.yaml")
    Traceback (most recent call last):
    ...
    rnnaudio.errors.ConfigError: nowhere.yaml does not exist.
    """
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}).") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML ({_one_line(error)}).") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path} holds {type(values).__name__}; settings are written as `name: value`.")
    return values


def describe(cls: type) -> str:
    """Every setting of a dataclass with its type, default and meaning, as readable lines.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Example:
    ...     size: int = 3
    >>> "--size" in describe(Example)
    True
    """
    from jsonargparse import ArgumentParser, set_parsing_settings

    set_parsing_settings(docstring_parse_attribute_docstrings=True)
    parser = ArgumentParser(usage=argparse.SUPPRESS, add_help=False)
    parser.add_class_arguments(cls, as_positional=False)
    text = re.sub(r"  --\S+ CONFIG\s+Path to a configuration file\.\n", "", parser.format_help())

    def parts(found: re.Match[str]) -> str:  # a group that may be null: jsonargparse keeps its settings for a help page
        fields = dataclasses.fields(_dataclass_in(_hint(cls, found[1])) or cls)
        return f"  --{found[1]}.NAME  NAME is one of {', '.join(field.name for field in fields)}\n"

    text = re.sub(r"  --(\S+)\.help\s+Show the help for \w+ and exit\.\n", parts, text)
    return re.sub(r"<class '([^']+)'>", r"\1", text)


def _build(cls: type[Settings], values: Mapping[str, Any], where: str, overrides: Sequence[str] = ()) -> Settings:
    from jsonargparse import ArgumentParser

    _check_keys(cls, values, where)
    given = _from_words(cls, overrides)
    for name, value in given.items():
        _check_keys(cls, _nested(name, value), "command line", "--")
    merged = _merge(to_mapping(cls()), values)  # every setting is there: nothing is left to defaults
    for name, value in given.items():
        merged = _merge(merged, _nested(name, value))
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(cls, as_positional=False)
    try:
        namespace = parser.parse_object(merged, defaults=False)
        return cls(**parser.instantiate_classes(namespace).as_dict())
    except Exception as error:
        cause = _cause(error)
        named = cause.split(" ")[0] in given
        raise ConfigError(f"{'command line' if named else where}: {cause}") from error


def _from_words(cls: type, words: Sequence[str]) -> dict[str, Any]:
    """`--a.b value` and `--a.b=value` as {"a.b": value}, read as YAML reads them, texts and paths as given."""
    found: dict[str, Any] = {}
    rest = list(words)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if not name.startswith("--"):
            raise ConfigError(f"command line: {name} belongs to no setting. Settings are given as --name value.")
        if not equals:
            if not rest:
                raise ConfigError(f"command line: {name} has no value.")
            value = rest.pop(0)
        if not value:
            raise ConfigError(f"command line: {name} has no value.")
        try:
            read = yaml.safe_load(value)
        except yaml.YAMLError:
            read = value
        wanted = _hint(cls, name[2:])
        found[name[2:]] = value if read is not None and {str, Path} & {wanted, *typing.get_args(wanted)} else read
    return found


def _hint(cls: type, dotted: str) -> Any:
    """The type of a setting, None if there is no such one."""
    first, _, rest = dotted.partition(".")
    hint = typing.get_type_hints(cls).get(first)
    if not rest:
        return hint
    inner = _dataclass_in(hint)
    return None if inner is None else _hint(inner, rest)


def _merge(below: Any, above: Any) -> Any:
    """`above` over `below`, mapping by mapping."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        return {**below, **{key: _merge(below.get(key), value) for key, value in above.items()}}
    return above


def _cause(error: BaseException) -> str:
    """The words of the innermost of our own errors, else what the parser said."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, ConfigError):
            return str(inner)
        inner = inner.__cause__ or inner.__context__
    text = re.sub(r"<class '([^']+)'>", r"\1", _one_line(error)).replace("typing.Literal", "one of ")
    if "Does not validate against any" in text:  # a list of everything that was tried tells a reader nothing
        return re.sub(r'Parser key "([^"]+)".*Given value: (.*)', r"\1 cannot be \2; see --settings.", text)
    return re.sub(r'Parser key "([^"]+)": Expected an? (.+?)\. Got value: (.*)', r"\1 must be \2, not \3.", text)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _nested(dotted: str, value: Any) -> dict[str, Any]:
    first, _, rest = dotted.partition(".")
    return {first: _nested(rest, value) if rest else value}


def _check_keys(cls: type, values: Mapping[str, Any], where: str, prefix: str = "") -> None:
    hints = typing.get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls)]
    for key, value in values.items():
        if key not in names:
            near = difflib.get_close_matches(str(key), names, n=1)
            known = f"Did you mean {prefix}{near[0]}?" if near else f"Known here: {', '.join(names)}."
            raise ConfigError(f"{where}: {prefix}{key} is not a setting. {known}")
        inner = _dataclass_in(hints[key])
        if inner is not None and isinstance(value, Mapping):
            _check_keys(inner, value, where, f"{prefix}{key}.")
        elif value is None and type(None) in typing.get_args(hints[key]):
            continue
        elif value is None and inner is None:
            raise ConfigError(f"{where}: {prefix}{key} has no value.")
        elif inner is not None:
            example = f"{prefix}{key}.{dataclasses.fields(inner)[0].name}"
            raise ConfigError(f"{where}: {prefix}{key} is a group of settings such as {example}, not {value}.")


def _dataclass_in(hint: Any) -> type | None:
    for option in (hint, *typing.get_args(hint)):
        if isinstance(option, type) and dataclasses.is_dataclass(option):
            return option
    return None


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_mapping(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value
