"""Model folders that are not whole, not ours, not safe, or cannot be written: each told in one line."""

import os
import shutil
import stat

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

import rnnaudio
from rnnaudio.errors import ConfigError, DataError, ModelError, RnnaudioError
from rnnaudio.files import write_file
from rnnaudio.models.folder import open_folder, replaced_folder
from tests.worlds import recognizer


@pytest.fixture
def folder(model_folder, tmp_path):
    """A copy of a good model, to be spoilt."""
    return shutil.copytree(model_folder, tmp_path / "model")


def refusal(folder, kind=RnnaudioError) -> str:
    with pytest.raises(kind) as caught:
        rnnaudio.load(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def change_config(folder, **values):
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | values))


@pytest.mark.parametrize("name", ["config.yaml", "model.safetensors", "vocabulary.txt"])
def test_an_incomplete_folder_is_named_with_what_it_lacks(folder, name):
    (folder / name).unlink()
    assert refusal(folder, ModelError) == f"{folder} is not a model folder: it has no {name}."


def test_a_card_may_be_missing(folder):
    (folder / "README.md").unlink()
    assert rnnaudio.load(folder).alphabet.size == 4


def test_a_newer_format_says_how_to_update(folder):
    change_config(folder, format=99)
    assert "is of format 99, newer than this rnnaudio reads (1). Run pip install -U" in refusal(folder, ModelError)


@pytest.mark.parametrize("values", [{"format": None}, {"format": "one"}, {"format": True}, {"format": 0}])
def test_a_config_without_a_format_is_not_a_models(folder, values):
    change_config(folder, **values)
    assert "has no `format: 1`" in refusal(folder, ModelError)


def test_an_unknown_kind_is_named(folder):
    change_config(folder, kind="telepath")
    assert "kind is 'telepath'; this version knows speech" in refusal(folder, ModelError)


def test_an_unknown_setting_is_named_with_the_near_one(folder):
    change_config(folder, encodr={})
    assert "config.yaml: encodr is not a setting. Did you mean encoder?" in refusal(folder, ConfigError)


@pytest.mark.parametrize("content", ["[1, 2]", "a: b: c", "!!python/object/apply:os.system [true]", "\x00"])
def test_a_config_that_is_no_settings_is_named(folder, content):
    (folder / "config.yaml").write_text(content)
    assert "config.yaml" in refusal(folder, ModelError)


@pytest.mark.parametrize("name", ["model.pt", "weights.bin", "old.ckpt", "optimizer.pkl", "Model.PTH"])
def test_a_pickle_is_refused_unread(folder, name):
    (folder / name).write_bytes(b"cos\nsystem\n(S'touch ran'\ntR.")
    assert f"{folder / name} may hold a pickle, which can run code" in refusal(folder, ModelError)
    assert not os.path.exists("ran")


def test_damaged_weights_are_named(folder):
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[:-20])
    assert "model.safetensors is damaged" in refusal(folder, ModelError)
    (folder / "model.safetensors").write_bytes(b"")
    assert "model.safetensors is damaged" in refusal(folder, ModelError)


@pytest.mark.parametrize("spoil", ["missing", "extra", "shape", "number"])
def test_weights_that_do_not_fit_are_named(folder, spoil):
    weights = load_file(folder / "model.safetensors")
    first = sorted(weights)[0]
    if spoil == "missing":
        del weights[first]
    elif spoil == "extra":
        weights["more"] = torch.zeros(1)
    elif spoil == "shape":
        weights[first] = torch.zeros(3, 3, 3)
    else:
        weights[first][(0,) * weights[first].ndim] = float("nan")
    save_file(weights, folder / "model.safetensors")
    message = refusal(folder, ModelError)
    assert ("more" if spoil == "extra" else first) in message


def test_a_vocabulary_of_another_model_is_named(folder):
    (folder / "vocabulary.txt").write_text("# rnnaudio vocabulary: words\n<blank>\none\n")
    refusal(folder, ModelError)
    (folder / "vocabulary.txt").write_text("one\ntwo\n")
    assert "vocabulary.txt:1:" in refusal(folder, DataError)


def test_a_hub_that_cannot_be_reached_is_one_line():
    assert "cannot be fetched from the hub" in refusal("nobody/nothing", ModelError)


def test_saving_replaces_the_old_model_and_leaves_nothing_beside(tmp_path):
    recognizer(seed=1).save(tmp_path / "model")
    (tmp_path / "model" / "notes.txt").touch()
    recognizer(seed=2).save(tmp_path / "model", card="# Mine\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]
    names = ["README.md", "config.yaml", "model.safetensors", "vocabulary.txt"]
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == names
    assert (tmp_path / "model" / "README.md").read_text() == "# Mine\n"


def test_a_saved_model_is_for_everybody_to_read(tmp_path):
    recognizer().save(tmp_path / "model")
    assert stat.S_IMODE((tmp_path / "model").stat().st_mode) == 0o755
    for path in (tmp_path / "model").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o644, path.name


def test_a_disk_that_fills_while_saving_leaves_the_old_model(model_folder, folder, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(ModelError, match=r"cannot be written \(No space left on device\). What was there is kept."):
        recognizer(seed=5).save(folder)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["model"]
    assert (folder / "model.safetensors").read_bytes() == (model_folder / "model.safetensors").read_bytes()


def test_a_place_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="cannot be written"):
        recognizer().save(tmp_path / "file" / "model")


def test_an_error_while_writing_leaves_nothing(tmp_path):
    def fail():
        with replaced_folder(tmp_path / "model") as beside:
            (beside / "half").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_what_a_full_disk_raises_is_an_os_error():
    """The tests above stand in for a full disk by this error; here is that it is the one."""
    with pytest.raises(OSError, match="No space left on device"):
        write_file("/dev/full", "text")


def test_the_folder_may_lie_behind_a_link(model_folder, tmp_path):
    (tmp_path / "link").symlink_to(model_folder)
    assert open_folder(tmp_path / "link").kind == "speech"
