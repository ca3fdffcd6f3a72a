"""Files to manifests to batches: manifests as JSON lines, their check, length-bucketed batches.

Corpora are read by `rnnaudio.data.corpora`.
"""

from rnnaudio.data.check import check
from rnnaudio.data.jsonl import read_manifest, write_manifest
from rnnaudio.data.manifest import Manifest, Utterance, load_samples
from rnnaudio.data.report import CheckReport, Problem
from rnnaudio.data.sampler import LengthBatches

__all__ = [
    "CheckReport",
    "LengthBatches",
    "Manifest",
    "Problem",
    "Utterance",
    "check",
    "load_samples",
    "read_manifest",
    "write_manifest",
]
