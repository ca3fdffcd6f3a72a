"""Sound to frames: audio files, resampling, log-mel and its kin, normalisation and augmentation.

Framing is causal and each row minds its own length: neither padding nor streaming can change a frame.
"""

from rnnaudio.features.audio import AudioInfo, Waveform, audio_info, read_audio, read_blocks, write_audio
from rnnaudio.features.augment import AugmentConfig, Augmenter, AugmentPlan
from rnnaudio.features.config import FeatureConfig
from rnnaudio.features.frontend import Frontend
from rnnaudio.features.resample import Resampler, resample

__all__ = [
    "AudioInfo",
    "AugmentConfig",
    "AugmentPlan",
    "Augmenter",
    "FeatureConfig",
    "Frontend",
    "Resampler",
    "Waveform",
    "audio_info",
    "read_audio",
    "read_blocks",
    "resample",
    "write_audio",
]
