"""The operators, one file each. Importing this package registers all of them."""

from mcu_vision.ops.add import Add
from mcu_vision.ops.concat import Concat
from mcu_vision.ops.conv2d import Conv2d
from mcu_vision.ops.decode_boxes import DecodeBoxes
from mcu_vision.ops.dense import Dense
from mcu_vision.ops.depthwise_conv2d import DepthwiseConv2d
from mcu_vision.ops.l2_normalize import L2Normalize
from mcu_vision.ops.mean import Mean
from mcu_vision.ops.non_max_suppression import NonMaxSuppression
from mcu_vision.ops.pool2d import AveragePool2d, MaxPool2d
from mcu_vision.ops.requantize import Requantize
from mcu_vision.ops.rnn_pool import RnnPool
from mcu_vision.ops.scale_channels import ScaleChannels
from mcu_vision.ops.softmax import Softmax

__all__ = [
    "Add",
    "AveragePool2d",
    "Concat",
    "Conv2d",
    "DecodeBoxes",
    "Dense",
    "DepthwiseConv2d",
    "L2Normalize",
    "MaxPool2d",
    "Mean",
    "NonMaxSuppression",
    "Requantize",
    "RnnPool",
    "ScaleChannels",
    "Softmax",
]
