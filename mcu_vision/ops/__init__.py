"""The operators, one file each. Importing this package registers all of them."""

from mcu_vision.ops.add import Add
from mcu_vision.ops.arg_extremum import ArgMax, ArgMin
from mcu_vision.ops.batch_matmul import BatchMatMul
from mcu_vision.ops.concat import Concat
from mcu_vision.ops.constant import Constant
from mcu_vision.ops.conv2d import Conv2d
from mcu_vision.ops.conv2d_int16 import Conv2dInt16, DepthwiseConv2dInt16
from mcu_vision.ops.decode_boxes import DecodeBoxes
from mcu_vision.ops.dense import Dense
from mcu_vision.ops.dense_int16 import DenseInt16
from mcu_vision.ops.depthwise_conv2d import DepthwiseConv2d
from mcu_vision.ops.expand_depthwise import ExpandDepthwise
from mcu_vision.ops.extremum import Maximum, Minimum
from mcu_vision.ops.gate_int16 import LogisticInt16, TanhInt16
from mcu_vision.ops.group_norm import GroupNorm
from mcu_vision.ops.inverted_bottleneck import InvertedBottleneck
from mcu_vision.ops.join import Join
from mcu_vision.ops.l2_normalize import L2Normalize
from mcu_vision.ops.log_softmax import LogSoftmax
from mcu_vision.ops.lookup import Lookup
from mcu_vision.ops.lookup_int16 import LookupInt16
from mcu_vision.ops.mean import Mean
from mcu_vision.ops.mul import Mul
from mcu_vision.ops.non_max_suppression import NonMaxSuppression
from mcu_vision.ops.pool2d import AveragePool2d, MaxPool2d
from mcu_vision.ops.prelu import Prelu
from mcu_vision.ops.read_rows import ReadRows
from mcu_vision.ops.rearrange import Rearrange
from mcu_vision.ops.requantize import Requantize
from mcu_vision.ops.resize_bilinear import ResizeBilinear
from mcu_vision.ops.rnn_pool import RnnPool
from mcu_vision.ops.scale_channels import ScaleChannels
from mcu_vision.ops.select import Select
from mcu_vision.ops.softmax import Softmax
from mcu_vision.ops.softmax_int16 import SoftmaxInt16
from mcu_vision.ops.squared_difference import SquaredDifference
from mcu_vision.ops.sub import Sub
from mcu_vision.ops.sum import Sum
from mcu_vision.ops.unary import Unary

__all__ = [
    "Add",
    "ArgMax",
    "ArgMin",
    "AveragePool2d",
    "BatchMatMul",
    "Concat",
    "Constant",
    "Conv2d",
    "Conv2dInt16",
    "DecodeBoxes",
    "Dense",
    "DenseInt16",
    "DepthwiseConv2d",
    "DepthwiseConv2dInt16",
    "ExpandDepthwise",
    "GroupNorm",
    "InvertedBottleneck",
    "Join",
    "L2Normalize",
    "LogSoftmax",
    "LogisticInt16",
    "Lookup",
    "LookupInt16",
    "MaxPool2d",
    "Maximum",
    "Mean",
    "Minimum",
    "Mul",
    "NonMaxSuppression",
    "Prelu",
    "ReadRows",
    "Rearrange",
    "Requantize",
    "ResizeBilinear",
    "RnnPool",
    "ScaleChannels",
    "Select",
    "Softmax",
    "SoftmaxInt16",
    "SquaredDifference",
    "Sub",
    "Sum",
    "TanhInt16",
    "Unary",
]
