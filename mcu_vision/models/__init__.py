"""Models in PyTorch: the RNNPool layer, detectors and wake-word networks, anchors."""
