"""The four detection heads of face-m4 and of searched face detectors. Imports no torch."""

from mcu_vision.models.detector_spec import DetectorLevel

FACE_LEVELS = (
    DetectorLevel(stride=8, anchor=8.0, background_logits=3),
    DetectorLevel(stride=8, anchor=16.0),
    DetectorLevel(stride=16, anchor=32.0),
    DetectorLevel(stride=16, anchor=48.0),
)
L2_SCALES = (10.0, 8.0, 5.0, None)
"""Starting factors of the heads' L2 normalisation (None: there is none)."""
SCORE_THRESHOLD = 0.8
"""At which face-m4-wide as it ships flags at most one of 15 faceless validation photos."""
