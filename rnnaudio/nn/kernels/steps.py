"""One step of a GRU over all running rows, minimal cells over all times, and their gradients, compiled by numba.

Each is one pass over memory where a graph of tensor operations makes ten. The matrix products around them stay with
the BLAS of PyTorch. Everything is float32.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy import ndarray

_F = np.float32
_HALF, _ONE = _F(0.5), _F(1)
# Not all of fast-math: NaN has to stay NaN, or a training that diverged would go on as if it had not.
_MATH: Any = {"error_model": "numpy", "fastmath": {"contract", "nsz", "arcp"}, "nogil": True}
try:  # compiled once for a machine, where there is a place to keep it
    njit(cache=True)(lambda: None)
    _MATH["cache"] = True
except RuntimeError:
    pass


@njit(inline="always", **_MATH)
def tanh(x: np.float32) -> np.float32:
    """tanh as a quotient of polynomials, within 3e-7 of the true value; vectorised, as the library's is not.

    Source: the rational approximation of degree 13 by 6 that Eigen computes float tanh with.
    """
    # Written so that NaN, for which every comparison is false, goes through.
    x = _F(-7.90531110763549805) if x < _F(-7.90531110763549805) else x
    x = _F(7.90531110763549805) if x > _F(7.90531110763549805) else x
    s = x * x
    top = _F(-2.76076847742355e-16)
    top = top * s + _F(2.00018790482477e-13)
    top = top * s + _F(-8.60467152213735e-11)
    top = top * s + _F(5.12229709037114e-08)
    top = top * s + _F(1.48572235717979e-05)
    top = top * s + _F(6.37261928875436e-04)
    top = top * s + _F(4.89352455891786e-03)
    bottom = _F(1.19825839466702e-06)
    bottom = bottom * s + _F(1.18534705686654e-04)
    bottom = bottom * s + _F(2.26843463243900e-03)
    bottom = bottom * s + _F(4.89352518554385e-03)
    return x * top / bottom


@intrinsic
def _as_float(typing: object, bits: types.Integer) -> tuple[object, object]:
    """A float32 of the same bits as an int32."""

    def generate(context: object, builder: Any, signature: object, arguments: Any) -> object:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate  # numba gives the typing context itself


@njit(inline="always", **_MATH)
def exp(x: np.float32) -> np.float32:
    """e to the x, within 2e-7 of it relative, for x from -80 to 80 (and e^80 beyond, NaN for NaN).

    x = k ln 2 + r with |r| <= ln 2 / 2 (Cody & Waite 1980); e^r by its Taylor series, 2^k by its bits.
    """
    x = _F(-80) if x < _F(-80) else x
    x = _F(80) if x > _F(80) else x
    k = np.floor(x * _F(1.44269504) + _HALF)
    r = (x - k * _F(0.693359375)) + k * _F(2.12194440e-4)  # ln 2 in two parts, the first exact in few bits
    series = _F(1 / 5040)
    series = series * r + _F(1 / 720)
    series = series * r + _F(1 / 120)
    series = series * r + _F(1 / 24)
    series = series * r + _F(1 / 6)
    series = series * r + _HALF
    series = series * r + _ONE
    series = series * r + _ONE
    return series * _as_float((np.int32(k) + np.int32(127)) << np.int32(23))  # type: ignore[call-arg]  # numba adds the first one


@njit(inline="always", **_MATH)
def sigmoid(x: np.float32) -> np.float32:
    """The logistic function."""
    return _ONE / (_ONE + exp(-x))


@njit(inline="always", **_MATH)
def candidate(x: np.float32) -> np.float32:
    """What minimal cells bend their candidates by: x + 0.5 above zero, sigmoid(x) below."""
    return x + _HALF if x >= _F(0) else sigmoid(x)


@njit(inline="always", **_MATH)
def slope(x: np.float32, bent: np.float32) -> np.float32:
    """The derivative of `candidate`, whose value at x is `bent`."""
    return _ONE if x >= _F(0) else bent * (_ONE - bent)


@njit(**_MATH)
def gru_ahead(
    gates: ndarray,
    inner: ndarray,
    out: ndarray,
    product: ndarray,
    bias: ndarray,
    before: ndarray,
    first: int,
    at: int,
    rows: int,
) -> None:
    """Step a GRU: `gates` (N, 3H) holds the frames' part and gets r, z, n; `inner` (N, H) gets U_n h + `bias`."""
    hidden = out.shape[1]
    for row in range(rows):
        gate, past, old, put, kept = gates[at + row], product[row], before[first + row], out[at + row], inner[at + row]
        for j in range(hidden):
            r = sigmoid(gate[j] + past[j])
            z = sigmoid(gate[hidden + j] + past[hidden + j])
            a = past[2 * hidden + j] + bias[j]
            n = tanh(gate[2 * hidden + j] + r * a)
            gate[j], gate[hidden + j], gate[2 * hidden + j] = r, z, n
            kept[j] = a
            put[j] = n + z * (old[j] - n)


@njit(**_MATH)
def gru_back(
    gates: ndarray, inner: ndarray, grad: ndarray, before: ndarray, first: int, grad_h: ndarray, at: int, rows: int
) -> None:
    """Undo `gru_ahead`: `gates` become the gradients of U h, `inner` that of the candidate's input.

    `grad_h` (B, H) becomes the part of the old state's gradient that the update gate lets through.
    """
    hidden = inner.shape[1]
    for row in range(rows):
        gate, old, above, kept, from_h = (
            gates[at + row],
            before[first + row],
            grad[at + row],
            inner[at + row],
            grad_h[row],
        )
        for j in range(hidden):
            r, z, n = gate[j], gate[hidden + j], gate[2 * hidden + j]
            dh = from_h[j] + above[j]
            dn = dh * (_ONE - z) * (_ONE - n * n)
            gate[j] = dn * kept[j] * r * (_ONE - r)
            gate[hidden + j] = dh * (old[j] - n) * z * (_ONE - z)
            gate[2 * hidden + j] = dn * r
            kept[j] = dn
            from_h[j] = dh * z


@njit(inline="always", **_MATH)
def _add_product(total: ndarray, state: ndarray, weight: ndarray) -> None:
    """total (G,) += state (H,) @ weight (H, G): eight rows of weights at a time, each read once and in order."""
    hidden, gates = weight.shape
    k = 0
    while k + 8 <= hidden:
        h0, h1, h2, h3 = state[k], state[k + 1], state[k + 2], state[k + 3]
        h4, h5, h6, h7 = state[k + 4], state[k + 5], state[k + 6], state[k + 7]
        w0, w1, w2, w3 = weight[k], weight[k + 1], weight[k + 2], weight[k + 3]
        w4, w5, w6, w7 = weight[k + 4], weight[k + 5], weight[k + 6], weight[k + 7]
        for j in range(gates):
            near = (h0 * w0[j] + h1 * w1[j]) + (h2 * w2[j] + h3 * w3[j])
            total[j] += near + ((h4 * w4[j] + h5 * w5[j]) + (h6 * w6[j] + h7 * w7[j]))
        k += 8
    while k < hidden:
        h, w = state[k], weight[k]
        for j in range(gates):
            total[j] += h * w[j]
        k += 1


@njit(**_MATH)
def lstm_alone(gates: ndarray, weight: ndarray, h: ndarray, c: ndarray, out: ndarray) -> None:
    """Run an LSTM over one row: `gates` (T, 4H) is the frames' part, `weight` (H, 4H); `c` (H,) becomes the last."""
    time, hidden = out.shape
    for t in range(time):
        gate, put = gates[t], out[t]
        _add_product(gate, h, weight)
        for j in range(hidden):
            i, f = sigmoid(gate[j]), sigmoid(gate[hidden + j])
            c[j] = f * c[j] + i * tanh(gate[2 * hidden + j])
            put[j] = sigmoid(gate[3 * hidden + j]) * tanh(c[j])
        h = put


@njit(**_MATH)
def gru_alone(gates: ndarray, weight: ndarray, bias: ndarray, h: ndarray, out: ndarray) -> None:
    """Run a GRU over one row: `gates` (T, 3H) is the frames' part, `weight` (H, 3H), `bias` (3H,) the recurrent one."""
    time, hidden = out.shape
    product = np.empty(3 * hidden, np.float32)
    for t in range(time):
        gate, put = gates[t], out[t]
        product[:] = bias
        _add_product(product, h, weight)
        for j in range(hidden):
            r, z = sigmoid(gate[j] + product[j]), sigmoid(gate[hidden + j] + product[hidden + j])
            n = tanh(gate[2 * hidden + j] + r * product[2 * hidden + j])
            put[j] = n + z * (h[j] - n)
        h = put


@njit(**_MATH)
def mingru_ahead(x: ndarray, start: ndarray, out: ndarray) -> None:
    """Run a minGRU: x (B, T, 2H) is W_z x, W_n x with biases, `start` (B, H), `out` (B, T, H)."""
    rows, time, hidden = out.shape
    for row in range(rows):
        old = start[row]
        for t in range(time):
            gate, put = x[row, t], out[row, t]
            for j in range(hidden):
                z, n = sigmoid(gate[j]), candidate(gate[hidden + j])
                put[j] = old[j] + z * (n - old[j])
            old = put


@njit(**_MATH)
def mingru_back(x: ndarray, start: ndarray, out: ndarray, grad: ndarray, carry: ndarray, grad_x: ndarray) -> None:
    """Undo `mingru_ahead`; `carry` (B, H) begins as zero and ends as the gradient of `start`."""
    rows, time, hidden = out.shape
    for row in range(rows):
        future = carry[row]
        for t in range(time - 1, -1, -1):
            gate, above, put = x[row, t], grad[row, t], grad_x[row, t]
            old = out[row, t - 1] if t else start[row]
            for j in range(hidden):
                z, n = sigmoid(gate[j]), candidate(gate[hidden + j])
                d = above[j] + future[j]
                put[j] = d * (n - old[j]) * z * (_ONE - z)
                put[hidden + j] = d * z * slope(gate[hidden + j], n)
                future[j] = d * (_ONE - z)


@njit(**_MATH)
def minlstm_ahead(x: ndarray, start: ndarray, out: ndarray) -> None:
    """Run a minLSTM: x (B, T, 3H) is W_f x, W_i x, W_n x with biases."""
    rows, time, hidden = out.shape
    for row in range(rows):
        old = start[row]
        for t in range(time):
            gate, put = x[row, t], out[row, t]
            for j in range(hidden):
                a, b = exp(-gate[j]), exp(-gate[hidden + j])
                f, n = (_ONE + b) / (_F(2) + a + b), candidate(gate[2 * hidden + j])
                put[j] = n + f * (old[j] - n)
            old = put


@njit(**_MATH)
def minlstm_back(x: ndarray, start: ndarray, out: ndarray, grad: ndarray, carry: ndarray, grad_x: ndarray) -> None:
    """Undo `minlstm_ahead`. With f = s / (s + r), s = sigmoid(x_f), r = sigmoid(x_i): df/dx_f = f (1 - f) (1 - s)."""
    rows, time, hidden = out.shape
    for row in range(rows):
        future = carry[row]
        for t in range(time - 1, -1, -1):
            gate, above, put = x[row, t], grad[row, t], grad_x[row, t]
            old = out[row, t - 1] if t else start[row]
            for j in range(hidden):
                a, b = exp(-gate[j]), exp(-gate[hidden + j])
                f, n = (_ONE + b) / (_F(2) + a + b), candidate(gate[2 * hidden + j])
                d = above[j] + future[j]
                both = d * (old[j] - n) * f * (_ONE - f)
                put[j] = both * (a / (_ONE + a))
                put[hidden + j] = -both * (b / (_ONE + b))
                put[2 * hidden + j] = d * (_ONE - f) * slope(gate[2 * hidden + j], n)
                future[j] = d * f
