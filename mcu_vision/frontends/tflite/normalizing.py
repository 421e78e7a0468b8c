"""Softmax and what else normalises the vector along the last axis."""

from mcu_vision.frontends.tflite.builder import GraphBuilder, check, tensor_quantization
from mcu_vision.frontends.tflite.registry import imports
from mcu_vision.ir import Quantization
from mcu_vision.ops import L2Normalize, LogSoftmax, Softmax, SoftmaxInt16


@imports(SOFTMAX="kernel in float32; output scale 1/256, zero point -128")
def import_softmax(builder: GraphBuilder) -> None:
    x, beta = builder.activation(), builder.operator.real(0)
    out = tensor_quantization(builder.result())
    check(0 < beta < 1e6, f"with beta {beta}")
    if builder.dtype(x) == "int16":
        check(out.scale == 1 / 32768, "whose output's scale is not 1/32768")
        builder.finish(builder.emit(SoftmaxInt16, [x], x.shape, out, beta=beta))
        return
    check(out == Quantization((1 / 256,), -128), "whose output is not of scale 1/256 and zero point -128")
    builder.finish(builder.emit(Softmax, [x], x.shape, out, beta=beta))


@imports(LOG_SOFTMAX="kernel in fixed point; output scale 1/16, zero point 127")
def import_log_softmax(builder: GraphBuilder) -> None:
    x, out = builder.activation(), tensor_quantization(builder.result())
    check(out == Quantization((1 / 16,), 127), "whose output is not of scale 1/16 and zero point 127")
    builder.finish(builder.emit(LogSoftmax, [x], x.shape, out))


@imports(L2_NORMALIZATION="kernel; output scale 1/128, zero point 0")
def import_l2_normalization(builder: GraphBuilder) -> None:
    x, out = builder.activation(), tensor_quantization(builder.result())
    check(out == Quantization((1 / 128,), 0), "whose output is not of scale 1/128 and zero point 0")
    check(builder.operator.integer(0, 0, "i1") == 0, "with a fused activation")
    builder.finish(builder.emit(L2Normalize, [x], x.shape, out))
