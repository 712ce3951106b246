"""What can go wrong with a model, apart from any text: texts never raise."""

from __future__ import annotations


class NluError(Exception):
    """An error of understanding's own machinery."""


class TrainingError(NluError):
    """The training process ended without a model; its last words are in the message."""


class ModelFileError(NluError):
    """A model's files are missing, damaged or of another engine version: train again."""
