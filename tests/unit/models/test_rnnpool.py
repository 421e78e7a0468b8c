"""RNNPool against a patch-by-patch implementation of the paper, and against EdgeML's cells."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mcu_vision.errors import UserError
from mcu_vision.models.rnnpool import RNNPool, rnn_pool_op

SHAPES = st.fixed_dictionaries(
    {
        "channels": st.integers(1, 5),
        "hidden1": st.integers(1, 6),
        "hidden2": st.integers(1, 6),
        "patch": st.tuples(st.integers(1, 7), st.integers(1, 7)),
        "stride": st.integers(1, 5),
        "smooth": st.booleans(),
        "replicate_last": st.booleans(),
    }
)


def _randomize(pool: RNNPool, seed: int) -> RNNPool:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in pool.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    pool.zeta1, pool.nu1, pool.zeta2, pool.nu2 = 0.9, 0.05, 0.8, 0.1
    return pool.double()


def _naive_cell(pool: RNNPool, number: int, inputs: np.ndarray) -> np.ndarray:
    """Last state of cell 1 or 2 after inputs (time, channels), straight from FACTS' formula."""
    get = lambda name: getattr(pool, f"{name}{number}").detach().numpy()  # noqa: E731
    zeta, nu = getattr(pool, f"zeta{number}"), getattr(pool, f"nu{number}")
    h = np.zeros(get("u").shape[0])
    for x in inputs:
        pre = get("w") @ x + get("u") @ h
        if pool.smooth:
            z, c = 1 / (1 + np.exp(-(pre + get("gate_bias")))), np.tanh(pre + get("bias"))
        else:
            z = np.clip((pre + get("gate_bias") + 1) / 2, 0, 1)
            c = np.clip(pre + get("bias"), -1, 1)
        h = z * h + (zeta * (1 - z) + nu) * c
    return h


def _naive_patch(pool: RNNPool, patch: np.ndarray) -> np.ndarray:
    """Algorithm 1 on a patch (channels, rows, columns)."""
    rows = np.stack([_naive_cell(pool, 1, patch[:, y].T) for y in range(patch.shape[1])])
    columns = np.stack([_naive_cell(pool, 1, patch[:, :, x].T) for x in range(patch.shape[2])])
    sweeps = [rows, rows[::-1], columns, columns[::-1]]
    return np.concatenate([_naive_cell(pool, 2, sweep) for sweep in sweeps])


def _naive_pool(pool: RNNPool, image: np.ndarray) -> np.ndarray:
    (height, width), stride = pool.patch, pool.stride
    rows = [
        [
            _naive_patch(pool, image[:, y : y + height, x : x + width])
            for x in range(0, image.shape[2] - width + 1, stride)
        ]
        for y in range(0, image.shape[1] - height + 1, stride)
    ]
    out = np.array(rows).transpose(2, 0, 1)
    return np.pad(out, ((0, 0), (0, 1), (0, 1)), "edge") if pool.replicate_last else out


@settings(max_examples=40, deadline=None)
@given(shape=SHAPES, more=st.tuples(st.integers(0, 9), st.integers(0, 9)), seed=st.integers(0, 2**16))
def test_equals_patch_by_patch(shape, more, seed):
    pool = _randomize(RNNPool(**shape), seed)
    size = (2, shape["channels"], shape["patch"][0] + more[0], shape["patch"][1] + more[1])
    image = torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    expected = np.stack([_naive_pool(pool, one) for one in image.numpy()])
    trained = pool.train()(image)
    np.testing.assert_allclose(trained.detach().numpy(), expected, atol=1e-10)
    exported = pool.eval()(image)
    assert torch.equal(exported, trained)


def test_order_of_channels_tells_rows_from_columns():
    pool = _randomize(RNNPool(1, 3, 2, 6, 6), 3)
    image = torch.rand(1, 1, 6, 6, dtype=torch.float64)
    rows_first = pool(image)[0, :, 0, 0]
    columns_first = pool(image.transpose(2, 3))[0, :, 0, 0]
    assert torch.allclose(rows_first[:4], columns_first[4:])
    assert torch.allclose(rows_first[4:], columns_first[:4])
    assert not torch.allclose(rows_first[:4], rows_first[4:])
    upside_down = pool(image.flip(2))[0, :, 0, 0]
    assert torch.allclose(upside_down[:4], rows_first[:4].roll(2))


@pytest.mark.parametrize("smooth", [False, True])
def test_gradients(smooth):
    pool = _randomize(RNNPool(2, 3, 2, (3, 4), 2, smooth=smooth, replicate_last=True), 1)
    with torch.no_grad():
        for parameter in pool.parameters():
            parameter *= 0.3  # away from the corners of the gates
    image = torch.rand(1, 2, 6, 7, dtype=torch.float64, requires_grad=True)
    parameters = tuple(pool.parameters())

    def run(image, *values):
        named = dict(zip(dict(pool.named_parameters()), values, strict=True))
        return torch.func.functional_call(pool, named, (image,))

    assert torch.autograd.gradcheck(run, (image, *parameters))


def _edgeml_cell(monkeypatch, inputs, hidden, gates):
    utils = pytest.importorskip("edgeml_pytorch.utils")
    monkeypatch.setattr(utils, "findCUDA", lambda: None)  # its CUDA extension is not on PyPI
    rnn = pytest.importorskip("edgeml_pytorch.graph.rnn")
    gate, update = gates
    torch.manual_seed(inputs)
    cell = rnn.FastGRNN(inputs, hidden, gate, update, zetaInit=1.5, nuInit=-2.0, batch_first=False)
    with torch.no_grad():
        for parameter in cell.parameters():
            if parameter.shape != (1, 1):
                parameter.copy_(torch.randn_like(parameter))
    return cell


@pytest.mark.parametrize(("smooth", "gates"), [(True, ("sigmoid", "tanh")), (False, ("quantSigm", "quantTanh"))])
def test_equals_edgeml(monkeypatch, smooth, gates):
    """EdgeML's RNNPool, which PyPI lacks, is put together from its FastGRNN layers.

    Its output is [pass over the summaries of rows, pass over the summaries of columns], each forward
    and backward, although it names them the other way round.
    """
    first = _edgeml_cell(monkeypatch, 3, 5, gates)
    second = _edgeml_cell(monkeypatch, 5, 4, gates)
    patch = torch.randn(2, 3, 6, 6)
    rows = torch.stack([first(patch[:, :, y].permute(2, 0, 1))[-1] for y in range(6)])
    columns = torch.stack([first(patch[:, :, :, x].permute(2, 0, 1))[-1] for x in range(6)])
    sweeps = [second(s)[-1] for s in (rows, rows.flip(0), columns, columns.flip(0))]
    expected = torch.cat(sweeps, dim=1)
    pool = RNNPool(3, 5, 4, 6, 6, smooth=smooth)
    state = {f"pool.cell_rnn.{k}": v for k, v in first.state_dict().items()}
    state |= {f"pool.cell_bidirrnn.{k}": v for k, v in second.state_dict().items()}
    pool.load_edgeml_state_dict(state, prefix="pool.")
    torch.testing.assert_close(pool(patch)[:, :, 0, 0], expected, atol=1e-6, rtol=1e-5)
    assert pool.zeta1 == pytest.approx(1 / (1 + np.exp(-1.5)))


def test_edgeml_state_dict_of_other_size_is_refused():
    with pytest.raises(UserError, match=r"no cell_rnn\.cell\.W of shape \(2, 1\)"):
        RNNPool(1, 2, 2, 4, 4).load_edgeml_state_dict({"cell_rnn.cell.W": torch.zeros(3, 3)})


def test_export_keeps_one_node():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3, padding=1)
            self.pool = RNNPool(2, 3, 3, 4, 2, replicate_last=True)

        def forward(self, x):
            return self.pool(torch.relu(self.conv(x)))

    net = Net().eval()
    image = torch.rand(1, 1, 12, 14)
    program = torch.export.export(net, (image,))
    called = [str(n.target) for n in program.graph.nodes if n.op == "call_function"]
    assert called.count("mcu_vision.rnn_pool.default") == 1
    assert len(called) == 3
    assert torch.equal(program.module()(image), net(image))


def test_operator_is_registered_soundly():
    pool = RNNPool(2, 3, 2, (4, 5), 3, replicate_last=True)
    first = (pool.w1, pool.u1, pool.gate_bias1, pool.bias1)
    second = (pool.w2, pool.u2, pool.gate_bias2, pool.bias2)
    weights = tuple(p.detach() for p in (*first, *second))
    arguments = (torch.rand(2, 2, 10, 12), *weights, 1.0, 0.0, 1.0, 0.0, 4, 5, 3, False, True)
    torch.library.opcheck(rnn_pool_op, arguments, test_utils=("test_schema", "test_faketensor"))


def test_sparsity_keeps_the_largest_entries():
    pool = _randomize(RNNPool(4, 8, 8, 4, 4, density=(0.5, 0.25, 0.25, 1.0)), 0)
    before = {n: p.detach().clone() for n, p in pool.named_parameters()}
    pool.apply_sparsity()
    for name, density in (("w1", 0.5), ("u1", 0.25), ("w2", 0.25), ("u2", 1.0)):
        now, was = getattr(pool, name), before[name]
        kept = now != 0
        assert int(kept.sum()) == round(was.numel() * density)
        assert torch.equal(now[kept], was[kept])
        assert density == 1.0 or was[kept].abs().min() >= was[~kept].abs().max()


def test_dense_pool_is_left_alone():
    pool = RNNPool(4, 8, 8, 4, 4)
    before = pool.w1.detach().clone()
    pool.apply_sparsity()
    assert torch.equal(pool.w1, before)
