"""Parts of maps, channels in another order, resizing: aten operators to operators of the graph."""

from __future__ import annotations

from math import floor
from typing import Any

import numpy as np

from mcu_vision.frontends.torch_values import (
    Activation,
    Arguments,
    ChannelGroups,
    GraphBuilder,
    Importer,
    Value,
    check,
)
from mcu_vision.ir import Shape
from mcu_vision.ops import Rearrange, ResizeBilinear, Select

LAST = 1 << 62
"""What slices name as their end where they go to the last place."""
AXES = {1: "channels", 2: "rows", 3: "columns"}


def _select(builder: GraphBuilder, x: Activation, dim: int, places: range | list[int]) -> Value:
    """`places` along torch's dimension `dim` of an image."""
    check(len(x.shape) == 4 and not builder.is_vector(x) and dim in AXES, f"along dim={dim} of {list(x.shape)}")
    if list(places) == list(range(x.shape[dim])):
        return x
    shape = tuple(len(places) if i == dim else n for i, n in enumerate(x.shape))
    picked: Arguments = {AXES[dim]: tuple(places)}
    return builder.emit(Select, [x], {}, shape, **picked)


def take_slice(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """x[:, 2:8] and the like; along the batch only all of it."""
    x = builder.plain(a["self"])
    dim = a["dim"] % len(x.shape)
    places = range(x.shape[dim])[slice(a["start"], min(a["end"], LAST) if a["end"] is not None else None, a["step"])]
    if dim == 0:
        check(len(places) == 1, "of an empty batch")
        return x
    return _select(builder, x, dim, places)


def narrow(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """`length` places from `start` on."""
    x = builder.plain(a["self"])
    return _select(builder, x, a["dim"] % len(x.shape), range(a["start"], a["start"] + a["length"]))


def split(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Parts of one size, the last smaller, or of given sizes; and a number of parts (chunk)."""
    x = builder.plain(a["self"])
    dim = a["dim"] % len(x.shape)
    total = x.shape[dim]
    sizes: Any = -(-total // a["chunks"]) if "chunks" in a else a.get("split_sizes", a.get("split_size"))
    if isinstance(sizes, int):
        sizes = [min(sizes, total - start) for start in range(0, total, sizes)]
    ends = np.cumsum(sizes).tolist()
    return tuple(_select(builder, x, dim, range(e - n, e)) for e, n in zip(ends, sizes, strict=True))


def group_channels(x: Activation, shape: Shape) -> ChannelGroups | None:
    """The first step of a channel shuffle: (1, C, H, W) seen as (1, groups, C / groups, H, W)."""
    if len(x.shape) != 4 or len(shape) != 5 or shape[3:] != x.shape[2:] or shape[0] != 1:
        return None
    return ChannelGroups(x, np.arange(x.shape[1]).reshape(shape[1:3]))


def ungroup_channels(builder: GraphBuilder, value: ChannelGroups, shape: Shape) -> Value:
    """The last step of a channel shuffle."""
    check(shape == value.of.shape, f"from grouped channels to {list(shape)}")
    return _select(builder, value.of, 1, value.order.reshape(-1).tolist())


def transpose(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Only of grouped channels, as channel shuffles do."""
    value, dims = a["self"], {a["dim0"] % 5, a["dim1"] % 5} if "dim0" in a else None
    check(isinstance(value, ChannelGroups) and dims == {1, 2}, "other than of grouped channels (a channel shuffle)")
    return ChannelGroups(value.of, value.order.T)


def permute(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """As transpose."""
    value, dims = a["self"], [d % 5 for d in a["dims"]]
    check(isinstance(value, ChannelGroups) and dims == [0, 2, 1, 3, 4], "other than of grouped channels")
    return ChannelGroups(value.of, value.order.T)


def channel_shuffle(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """torch.nn.functional.channel_shuffle."""
    x = builder.plain(a["self"])
    order = np.arange(x.shape[1]).reshape(a["groups"], -1).T
    return _select(builder, x, 1, order.reshape(-1).tolist())


def pixel_shuffle(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """(C r r, H, W) to (C, H r, W r)."""
    x, r = builder.plain(a["self"]), a["upscale_factor"]
    _, c, h, w = shape
    view, axes = (h // r, w // r, c, r, r), (0, 3, 1, 4, 2)
    return builder.emit(Rearrange, [x], {}, shape, shape=(h, w, c), view=view, axes=axes)


def pixel_unshuffle(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """(C, H r, W r) to (C r r, H, W)."""
    x, r = builder.plain(a["self"]), a["downscale_factor"]
    _, c, h, w = shape
    view, axes = (h, r, w, r, c // (r * r)), (0, 2, 4, 1, 3)
    return builder.emit(Rearrange, [x], {}, shape, shape=(h, w, c), view=view, axes=axes)


def upsample_nearest(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """The pixel at or before each place."""
    x = builder.plain(a["self"] if "self" in a else a["input"])
    places = [tuple(floor(i * x.shape[d] / shape[d]) for i in range(shape[d])) for d in (2, 3)]
    return builder.emit(Select, [x], {}, shape, rows=places[0], columns=places[1])


def upsample_bilinear(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """With positions in 1/1024 of a pixel."""
    x, align = builder.plain(a["self"] if "self" in a else a["input"]), bool(a["align_corners"])
    size = (shape[2], shape[3])
    return builder.emit(ResizeBilinear, [x], {}, shape, size=size, align_corners=align, half_pixel_centers=not align)


MOVEMENT: dict[str, Importer] = {
    "aten.channel_shuffle.default": channel_shuffle,
    "aten.chunk.default": split,
    "aten.narrow.default": narrow,
    "aten.native_channel_shuffle.default": channel_shuffle,
    "aten.permute.default": permute,
    "aten.pixel_shuffle.default": pixel_shuffle,
    "aten.pixel_unshuffle.default": pixel_unshuffle,
    "aten.slice.Tensor": take_slice,
    "aten.split.Tensor": split,
    "aten.split_with_sizes.default": split,
    "aten.transpose.int": transpose,
    "aten.upsample_bilinear2d.default": upsample_bilinear,
    "aten.upsample_bilinear2d.vec": upsample_bilinear,
    "aten.upsample_nearest2d.default": upsample_nearest,
    "aten.upsample_nearest2d.vec": upsample_nearest,
}
