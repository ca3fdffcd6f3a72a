import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnaudio.errors import ConfigError
from rnnaudio.settings import describe, from_mapping, read_settings, read_yaml, to_mapping


@dataclass(frozen=True)
class Inner:
    """Settings within settings."""

    hidden: int = 3
    """How many units."""
    rate: float = 0.5
    kind: Literal["lstm", "gru"] = "lstm"

    def __post_init__(self):
        if self.hidden < 1:
            raise ConfigError(f"encoder.hidden is {self.hidden}; it must be 1 or more.")


@dataclass(frozen=True)
class Outer:
    """All settings."""

    encoder: Inner = field(default_factory=Inner)
    data: Path | None = None
    window: tuple[float, float] = (0.1, 0.2)
    names: tuple[str, ...] = ()
    extra: Inner | None = None
    deep: bool = False


def written(tmp_path, text):
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    return tmp_path / "config.yaml"


def mistake(path=None, overrides=()):
    with pytest.raises(ConfigError) as caught:
        read_settings(Outer, path, overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_defaults_file_and_command_line_in_this_order(tmp_path):
    path = written(tmp_path, "encoder: {hidden: 5, rate: 1}\nnames: [a, b]\n")
    assert read_settings(Outer) == Outer()
    assert read_settings(Outer, path) == Outer(encoder=Inner(hidden=5, rate=1.0), names=("a", "b"))
    assert read_settings(Outer, path, ["--encoder.hidden=7", "--deep", "true"]).encoder == Inner(hidden=7, rate=1.0)
    assert read_settings(Outer, path, ["--data", "a/b"]).data == Path("a/b")


@pytest.mark.parametrize("name", ["2024", "no", "2024-01-02", "1e3", "a: b", "[x]", "~x"])
def test_a_path_is_taken_as_it_is_given(name):
    assert read_settings(Outer, None, ["--data", name]).data == Path(name)
    assert read_settings(Outer, None, ["--extra", "null", "--data", "null"]) == Outer()


def test_an_empty_file_is_all_defaults(tmp_path):
    assert read_settings(Outer, written(tmp_path, "# nothing\n")) == Outer()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("encoder: {hiden: 5}", "encoder.hiden is not a setting. Did you mean encoder.hidden?"),
        ("encodr: {}", "encodr is not a setting. Did you mean encoder?"),
        ("colour: red", "colour is not a setting. Known here: encoder, data, window, names, extra, deep."),
        ("extra: {hiden: 5}", "extra.hiden is not a setting. Did you mean extra.hidden?"),
        ("encoder: {hidden: many}", "hidden"),
        ("encoder: {hidden: 1.5}", "hidden"),
        ("encoder: {kind: sltm}", "kind"),
        ("encoder: {hidden: 0}", "encoder.hidden is 0; it must be 1 or more."),
        ("encoder: 5", "encoder is a group of settings such as encoder.hidden, not 5."),
        ("encoder:", "encoder is a group of settings"),
        ("encoder: {hidden: null}", "encoder.hidden has no value."),
        ("window: [0.1]", "window"),
        ("deep: perhaps", "deep"),
        ("- a\n- b", "holds list; settings are written as `name: value`."),
        ("encoder: [", "is not YAML"),
        ("x: !!python/object/apply:os.getcwd []", "is not YAML"),
        ("1: 2", "1 is not a setting."),
    ],
)
def test_a_mistake_in_a_file_names_the_file_and_the_setting(tmp_path, text, line):
    path = written(tmp_path, text)
    message = mistake(path)
    assert message.startswith(str(path))
    assert line in message


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (["--encoder.hiden", "5"], "--encoder.hiden is not a setting. Did you mean --encoder.hidden?"),
        (["--encoder.hiden=5"], "--encoder.hiden is not a setting. Did you mean --encoder.hidden?"),
        (["--encodr.hidden", "5"], "--encodr is not a setting. Did you mean --encoder?"),
        (["--encoder", "{hiden: 5}"], "--encoder.hiden is not a setting. Did you mean --encoder.hidden?"),
        (["--encoder", "big"], "--encoder is a group of settings such as --encoder.hidden, not big."),
        (["--encoder.hidden", "many"], "hidden"),
        (["--encoder.hidden", "0"], "encoder.hidden is 0; it must be 1 or more."),
        (["--encoder.hidden"], "hidden"),
        (["--encoder.hidden="], "--encoder.hidden has no value."),
        (["--deep", "null"], "--deep has no value."),
        (["loose"], "loose belongs to no setting."),
    ],
)
def test_a_mistake_on_the_command_line_says_so(overrides, line):
    message = mistake(None, overrides)
    assert message.startswith("command line: ")
    assert line in message


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no\.yaml does not exist"):
        read_yaml(tmp_path / "no.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_yaml(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"name: \xe9\n")
    with pytest.raises(ConfigError, match=r"latin\.yaml cannot be read"):
        read_yaml(tmp_path / "latin.yaml")


@given(
    st.builds(
        Outer,
        encoder=st.builds(Inner, st.integers(1, 9), st.floats(-9, 9), st.sampled_from(["lstm", "gru"])),
        data=st.none() | st.just(Path("a/b c")),
        window=st.tuples(st.floats(0, 1), st.floats(0, 1)),
        names=st.lists(st.text("abc ~:#", min_size=1), max_size=3).map(tuple),
        extra=st.none() | st.builds(Inner, hidden=st.integers(1, 9)),
        deep=st.booleans(),
    )
)
def test_settings_written_and_read_are_the_same(settings):
    assert from_mapping(Outer, to_mapping(settings), "here") == settings


def test_settings_stay_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        read_settings(Outer).deep = True


def test_every_setting_is_described():
    text = describe(Outer)
    for name in ("--encoder.hidden", "--encoder.kind", "--window", "--deep"):
        assert name in text
    assert "How many units" in text
    assert "class '" not in text
    assert "configuration file" not in text
    assert "--extra.NAME  NAME is one of hidden, rate, kind" in text
    assert ".help" not in text
