"""Random changes of light, colour, sharpness and noise, which move nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Pixels = npt.NDArray[np.uint8]
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def distort(pixels: Pixels, rng: np.random.Generator, blur: float, noise: float, low_light: float) -> Pixels:
    """Change gamma, contrast, brightness and (of RGB) colour of an image (H, W, 1 or 3).

    blur, noise, low_light: probabilities of a slight Gaussian blur, of noise, and of strong darkening.
    """
    if rng.random() < blur:
        image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5)))
        pixels = np.asarray(image).reshape(pixels.shape)
    levels = _draw_levels(rng, low_light)
    noisy = rng.random() < noise
    if pixels.shape[2] == 1 and not noisy:
        return _to_bytes(levels)[pixels]
    values = levels.astype(np.float32)[pixels]
    if pixels.shape[2] == 3:
        values = _distort_colour(values, rng)
    if noisy:
        values += rng.standard_normal(values.shape, np.float32) * rng.uniform(2, 12)
    return _to_bytes(values)


def _draw_levels(rng: np.random.Generator, low_light: float) -> npt.NDArray[np.float64]:
    """New values, 0..255 but not clipped, of the 256 levels: one table for gamma, contrast and brightness."""
    levels = np.linspace(0.0, 1.0, 256) ** np.exp(rng.uniform(-0.5, 0.5))
    if rng.random() < low_light:
        levels = levels * rng.uniform(0.15, 0.6)
    levels = (levels - 0.5) * rng.uniform(0.6, 1.4) + 0.5 + rng.uniform(-0.15, 0.15)
    return np.asarray(levels * 255)


def _distort_colour(values: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Another saturation (none for one image in five) and colour cast."""
    gray = (values @ LUMA)[:, :, None]
    saturation = np.float32(rng.uniform(0.0, 1.5) if rng.random() < 0.8 else 0.0)
    cast = rng.uniform(0.85, 1.15, 3).astype(np.float32)
    return np.asarray((gray + (values - gray) * saturation) * cast)


def _to_bytes(values: npt.NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(values, 0, 255), np.uint8)
