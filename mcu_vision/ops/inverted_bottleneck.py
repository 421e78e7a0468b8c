"""An inverted bottleneck as one operator: a row of it needs no row of the wide maps between its convolutions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, KernelCall, Op, Quantization, RowWindow, Shape, Tensor
from mcu_vision.ops.add import Add
from mcu_vision.ops.common import ACTIVATIONS, Padding, Pair, quad
from mcu_vision.ops.conv2d import Conv2d
from mcu_vision.ops.convolution import convolution_params
from mcu_vision.ops.depthwise_conv2d import DepthwiseConv2d
from mcu_vision.ops.pointwise import pointwise_scratch

STAGES = ("expand", "depthwise", "project", "add")
MAX_KERNEL_H = 7
"""NN_BOTTLENECK_ROWS of firmware/nn/nn.h."""


@dataclass
class InvertedBottleneck(Op):
    """inputs: x (1, H, W, I), then weights and bias of each convolution, as Conv2d and DepthwiseConv2d take them.

    stages: which of 1x1 convolution, depthwise convolution, 1x1 convolution and addition of x there are, in this
    order, the depthwise one and another at least. stage_activations: one for each stage. quantizations: scale
    and zero point of what each stage but the last gives. stride, padding: of the depthwise convolution.

    The meaning is that of the stages one after another. The kernel computes a row in tiles of `tile_pixels`
    output pixels. It keeps the rows of the expanded map that the next step needs again; with `recompute` it
    keeps none, and each step expands its whole window: all channels of it, or `group_channels` at a time, which
    takes little scratch. residual_x: column of x that is added to the first column of the output.
    """

    kind = "inverted_bottleneck"
    stages: tuple[str, ...] = STAGES
    stage_activations: tuple[str, ...] = ("relu6", "relu6", "none", "none")
    quantizations: tuple[tuple[float, int], ...] = ((1.0, 0),)
    stride: Pair = (1, 1)
    padding: Padding = (1, 1, 1, 1)
    tile_pixels: int = 8
    recompute: bool = False
    group_channels: int = 0
    residual_x: int = 0

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        self._check()
        tensors = dict(zip(self.inputs, inputs, strict=True))
        self._infer_tensors(tensors)
        kernel_h = tensors[self._depthwise.inputs[1]].shape[1]
        if kernel_h > MAX_KERNEL_H or ("add" in self.stages and self.padding[0] >= kernel_h):
            raise UserError(f"{self.name}: a kernel of {kernel_h} rows does not fit; leave the block's parts apart")
        return tensors[self.outputs[0]].shape

    def _check(self) -> None:
        known = [stage for stage in STAGES if stage in self.stages]
        lengths = (len(self.stage_activations), len(self.quantizations) + 1, len(known))
        if tuple(known) != self.stages or "depthwise" not in known or set(lengths) != {len(self.stages)}:
            raise UserError(f"{self.name}: {', '.join(self.stages)} are no stages of an inverted bottleneck")
        if len(known) < 2 or not set(self.stage_activations) <= set(ACTIVATIONS):
            raise UserError(f"{self.name}: unknown activation, or one stage alone; leave the block's parts apart")
        if self.group_channels and not (self.recompute and {"expand", "project"} <= set(known)):
            raise UserError(
                f"{self.name}: groups of channels need an expansion that is computed again, and a projection"
            )
        if len(self.inputs) != 1 + 2 * (len(known) - ("add" in known)):
            raise UserError(f"{self.name}: {len(self.inputs)} inputs do not fit {', '.join(known)}")

    def parts(self) -> list[Op]:
        """The stages as operators; what each but the last gives is named after the block and the stage."""
        constants = iter(self.inputs[1:])
        parts: list[Op] = []
        x = self.inputs[0]
        for stage, activation in zip(self.stages, self.stage_activations, strict=True):
            name = f"{self.name}.{stage}"
            outputs = self.outputs if stage == self.stages[-1] else (f"{name}.out",)
            if stage == "add":
                parts.append(Add(name, (self._residual, x), outputs, activation))
                break
            part = DepthwiseConv2d if stage == "depthwise" else Conv2d
            inputs = (x, next(constants), next(constants))
            parts.append(part(name, inputs, outputs, activation=activation, tile_pixels=self.tile_pixels))
            x = outputs[0]
        index = self.stages.index("depthwise")
        parts[index] = replace(parts[index], stride=self.stride, padding=self.padding)  # type: ignore[call-arg]
        return parts

    def part_graph(self, graph: Graph) -> Graph:
        """The block's parts as a graph of their own, of the same meaning."""
        tensors = {name: graph.tensors[name] for name in self.inputs}
        self._infer_tensors(tensors)
        tensors[self.outputs[0]] = graph.tensors[self.outputs[0]]
        return Graph(
            self.name,
            tensors,
            self.parts(),
            self.inputs[:1] + ((self._residual,) if "add" in self.stages else ()),
            self.outputs,
        )

    def _infer_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Add what every stage gives to `tensors`, which holds the inputs; the last without a scale."""
        quantizations = [Quantization((scale,), zero) for scale, zero in self.quantizations]
        for part, quantization in zip(self.parts(), (*quantizations, None), strict=True):
            if part.kind == "add":
                x, width = tensors[self.inputs[0]], tensors[part.inputs[1]].shape[2]
                tensors[self._residual] = replace(x, name=self._residual, shape=(*x.shape[:2], width, x.shape[3]))
            shape = part.infer_shape([tensors[name] for name in part.inputs])
            tensors[part.outputs[0]] = Tensor(part.outputs[0], shape, "int8", quantization)

    @property
    def _depthwise(self) -> Op:
        return self.parts()[self.stages.index("depthwise")]

    @property
    def _residual(self) -> str:
        """What the addition reads of x, by name: all of it, or some columns."""
        return f"{self.name}.residual"

    def macs(self, graph: Graph) -> int:
        """Those that the kernel executes: with `recompute`, pixels of the expansion count each time."""
        parts = self.part_graph(graph)
        total = parts.macs()
        if self.recompute and "expand" in self.stages:
            _, height, width, _ = graph.tensors[self.inputs[0]].shape
            expand = parts.ops[0].macs(parts)
            window = RowWindow(self.stride[0], -self.padding[0], self._kernel_h(graph))
            spans = [window.span(step, height) for step in range(self.steps(graph))]
            pixels = sum(last - first for first, last in spans) * self.columns_expanded(graph)
            total += expand // (height * width) * pixels - expand
        return total

    def columns_expanded(self, graph: Graph) -> int:
        """Pixels of a row that are expanded: those that two tiles need count twice with `group_channels`."""
        width, out_w = graph.tensors[self.inputs[0]].shape[2], graph.tensors[self.outputs[0]].shape[2]
        if not self.group_channels:
            return width
        kernel_w = self.kernel_size(graph)[1]
        tile = min(self.tile_pixels, out_w)
        window = RowWindow(tile * self.stride[1], -self.padding[1], (tile - 1) * self.stride[1] + kernel_w)
        spans = [window.span(step, width) for step in range(-(-out_w // tile))]
        return sum(last - first for first, last in spans)

    def _values(self, arrays: tuple[Array, ...]) -> dict[str, Array]:
        """The inputs, and what of x is added."""
        values = dict(zip(self.inputs, arrays, strict=True))
        if "add" in self.stages:
            kernel_w = values[self._depthwise.inputs[1]].shape[2]
            width = arrays[0].shape[2] + self.padding[1] + self.padding[3] - kernel_w + 1
            values[self._residual] = arrays[0][:, :, self.residual_x : self.residual_x + width]
        return values

    def reference_float(self, *arrays: Array) -> Array:
        values = self._values(arrays)
        for part in self.parts():
            values[part.outputs[0]] = part.reference_float(*(values[name] for name in part.inputs))
        return values[self.outputs[0]]

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        parts = self.part_graph(graph)
        values = self._values(arrays)
        for part in parts.ops:
            values[part.outputs[0]] = part.reference_int8(parts, *(values[name] for name in part.inputs))
        return values[self.outputs[0]]

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        lead = self._kept_rows(graph)
        if "add" in self.stages:
            lead = min(lead, self.padding[0])
        return [RowWindow(self.stride[0], lead - self.padding[0], self._kernel_h(graph) - lead, lead=lead)]

    def in_place_inputs(self, graph: Graph) -> tuple[str, ...]:
        """The input, if later steps do not read its row again, and this one not where it has written."""
        kernel_w = self.kernel_size(graph)[1]
        same = graph.tensors[self.inputs[0]].shape == graph.tensors[self.outputs[0]].shape and self.stride == (1, 1)
        read_before = self._kept_rows(graph) >= max(1, self.padding[0]) and self.padding[1] < kernel_w
        return self.inputs[:1] if same and read_before else ()

    def kernel_size(self, graph: Graph) -> Pair:
        """Rows and columns of the depthwise convolution's kernel."""
        return graph.tensors[self._depthwise.inputs[1]].shape[1], graph.tensors[self._depthwise.inputs[1]].shape[2]

    def _kernel_h(self, graph: Graph) -> int:
        return self.kernel_size(graph)[0]

    def fresh_rows(self, graph: Graph) -> int:
        """Rows of the expanded map that a step makes."""
        return self._kernel_h(graph) - self._kept_rows(graph)

    def _kept_rows(self, graph: Graph) -> int:
        """Rows of the expanded map that are kept for the next step."""
        keeps = "expand" in self.stages and not self.recompute
        return max(0, self._kernel_h(graph) - self.stride[0]) if keeps else 0

    def kernel(self, graph: Graph) -> KernelCall:
        parts = self.part_graph(graph)
        if self.group_channels:
            return self._groups_kernel(parts)
        calls = {stage: part.kernel(parts) for stage, part in zip(self.stages, parts.ops, strict=True)}
        depthwise = parts.ops[self.stages.index("depthwise")]
        assert isinstance(depthwise, DepthwiseConv2d)
        hidden, kept = parts.tensors[depthwise.inputs[0]], self._kept_rows(graph)
        working = self._working_bytes(parts, depthwise, calls)
        buffer = 0
        if "expand" in calls:
            columns = min(hidden.shape[2], depthwise.row_span(parts))
            buffer = quad((self._kernel_h(graph) - kept) * columns * hidden.shape[3])
            calls["expand"] = _widest_tile(parts, columns, working)
            working = max(working, calls["expand"].scratch_bytes)
        params: dict[str, int | Array] = {
            "stride_h": self.stride[0],
            "kept_rows": kept,
            "residual": self.padding[0] if "add" in calls else -1,
            "residual_x": self.residual_x,
            "scratch_bytes": buffer + working,
        }
        params |= {f"{stage}.{key}": value for stage, call in calls.items() for key, value in call.params.items()}
        return KernelCall(
            "nn_inverted_bottleneck_s8",
            "nn_inverted_bottleneck",
            params,
            ("rows",),
            buffer + working,
            kept * hidden.row_bytes,
            passes_step=True,
            passes_state=True,
        )

    def _groups_kernel(self, parts: Graph) -> KernelCall:
        depthwise = parts.ops[1]
        assert isinstance(depthwise, DepthwiseConv2d)
        hidden, out = parts.tensors[depthwise.inputs[0]], parts.tensors[self.outputs[0]]
        _, kernel_h, kernel_w, _ = parts.tensors[depthwise.inputs[1]].shape
        tile, group = depthwise.tile(parts), min(self.group_channels, hidden.shape[3])
        params: dict[str, int | Array] = {
            "in_w": hidden.shape[2],
            "out_w": out.shape[2],
            "tile": tile,
            "group": group,
            "kernel_h": kernel_h,
            "kernel_w": kernel_w,
            "stride_w": self.stride[1],
            "pad_left": self.padding[1],
            "residual": self.padding[0] if "add" in self.stages else -1,
            "residual_x": self.residual_x,
        }
        for stage, part in zip(self.stages, parts.ops, strict=True):
            fields = part.kernel(parts).params if stage == "add" else _filters(parts, part)
            params |= {f"{stage}.{key}": value for key, value in fields.items()}
        scratch = 4 * tile * out.shape[3] + group * (kernel_h * depthwise.row_span(parts) + tile)
        return KernelCall("nn_bottleneck_groups_s8", "nn_bottleneck_groups", params, ("rows",), scratch)

    def _working_bytes(self, parts: Graph, depthwise: DepthwiseConv2d, calls: dict[str, KernelCall]) -> int:
        """Scratch of a tile from the depthwise convolution on."""
        hidden, out = parts.tensors[depthwise.outputs[0]], parts.tensors[self.outputs[0]]
        tile, working = depthwise.tile(parts), calls["depthwise"].scratch_bytes
        added = quad(tile * out.shape[3]) if "add" in calls else 0
        if "project" not in calls:
            return working + added
        # The tile that the projection reads lies at the end of its scratch, until it is widened to the start.
        return max(working + tile * hidden.shape[3], added + calls["project"].scratch_bytes)


def _filters(parts: Graph, part: Op) -> dict[str, int | Array]:
    """Fields of `nn_filters`."""
    weights = parts.tensors[part.inputs[1]].data
    assert weights is not None
    depthwise = isinstance(part, DepthwiseConv2d)
    matrix = weights.reshape(-1, weights.shape[3]).T if depthwise else weights.reshape(len(weights), -1)
    params = convolution_params(parts, part, matrix)
    del params["in_zero"]
    return params | {"in_c": weights.shape[3], "out_c": matrix.shape[0]}


def _widest_tile(parts: Graph, columns: int, free_bytes: int) -> KernelCall:
    """The expansion with the largest tile, up to `columns`, whose scratch fits `free_bytes`, or with its own."""
    expand = parts.ops[0]
    in_c, out_c = (parts.tensors[name].shape[3] for name in (expand.inputs[0], expand.outputs[0]))
    free_bytes = max(free_bytes, expand.kernel(parts).scratch_bytes)
    widths = [columns, *range(columns // 2 * 2, 0, -2)]
    widest = next((width for width in widths if pointwise_scratch(in_c, out_c, width) <= free_bytes), columns)
    return replace(expand, tile_pixels=widest).kernel(parts)  # type: ignore[call-arg]
