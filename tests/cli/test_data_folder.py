"""`rnnaudio train --data FOLDER`: a folder that leaves nothing to learn from or to judge by is named."""

import pytest
import soundfile

from tests.worlds import RATE, beeps


@pytest.fixture
def recordings(tmp_path):
    """Six recordings without transcripts in a folder of one's own."""
    (tmp_path / "mine").mkdir()
    for number in range(6):
        soundfile.write(tmp_path / "mine" / f"{number}.wav", beeps("low"), RATE)
    return tmp_path / "mine"


@pytest.mark.parametrize(
    ("table", "line"),
    [
        (["file,text,speaker", *(f"{number}.wav,low,ann" for number in range(6))], "mine has no recordings for valid"),
        (["file,text,split", "0.wav,low,train", "1.wav,low,test"], "mine has no recordings for valid, to judge by"),
        (["file,text,split", "0.wav,low,dev"], "mine has no recordings for train, to learn from"),
        (["file,text,split", "0.wav,low,trian"], "transcripts.csv:2: trian is not a split"),
    ],
)
def test_a_side_without_recordings_is_named(rnnaudio, recordings, table, line):
    (recordings / "transcripts.csv").write_text("\n".join(table))
    assert line in rnnaudio("train", "--data", recordings).error()
