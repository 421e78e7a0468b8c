"""Readers of face and wake-word data sets, letterboxing, augmentation."""
