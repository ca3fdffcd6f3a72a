"""What one sees in a picture, in plain words, in English and 中文, with the numbers of this very sequence."""

import torch
from torch import Tensor

from rnnaudio.inside.inside import BLANK, Direction, Inside, Layer
from rnnaudio.nn.reach import Reach

Words = tuple[str, str]  # English, 中文
FADED = 0.01

GATES: dict[str, Words] = {
    "input": ("Input gate: how much of the candidate is written", "输入门：写入多少候选值"),
    "forget": ("Forget gate: how much of the memory is kept", "遗忘门：保留多少记忆"),
    "output": ("Output gate: how much of the memory is shown", "输出门：显露多少记忆"),
    "reset": ("Reset gate: how much of the past enters the candidate", "重置门：多少过去进入候选值"),
    "update": ("Update gate: how much of the past stays", "更新门：保留多少过去"),
    "candidate": ("Candidate: what would be written", "候选值：准备写入的内容"),
}
RENEWING = ("mingru",)  # cells whose update gate says how much is renewed, not how much stays
WAYS: dict[str, Words] = {"ahead": ("reading ahead", "正向阅读"), "behind": ("reading back", "反向阅读")}


def gate_words(cell: str, gate: str) -> Words:
    """What a gate of a cell does.

    >>> gate_words("lstm", "forget")[0]
    'Forget gate: how much of the memory is kept'
    """
    if gate == "update" and cell in RENEWING:
        return "Update gate: how much of the state is renewed", "更新门：更新多少状态"
    return GATES.get(gate, (f"Gate {gate}", f"门 {gate}"))


def overview(inside: Inside) -> Words:
    """A line under the overview."""
    size, width = inside.features.shape[1], inside.states.shape[1]
    end = inside.log_probs is not None
    if inside.sound is None:
        return (
            f"The {size} numbers that the encoder is given for each frame, and the {width} it makes of them"
            + (", and the probability of each answer at each of them." if end else "."),
            f"编码器每帧得到的 {size} 个数、由此算出的 {width} 个数"
            + ("，以及各个答案在每一帧的概率。" if end else "。"),
        )
    return (
        f"From the top: the words where the network wrote them, the wave, its spectrogram (bright is loud), the {size} "
        f"numbers that are made of it, the {width} that the encoder makes of those, and what the network writes. "
        "Follow a word down to its peak and up to its sound: all pictures share one axis of time.",
        f"自上而下：网络写出的词、波形、频谱（越亮越响）、由声音得到的 {size} 个特征、编码器由此算出的 {width} 个数，"
        "以及网络写出的内容。所有图共用一条时间轴：可从一个词向下找到它的尖峰，向上找到它的声音。",
    )


def gates(inside: Inside, layer: int, direction: str) -> Words:
    """A line under the gates of one direction."""
    way = inside.layer(layer).directions[direction]
    shares = {name: values for name, values in way.gates.items() if name != "candidate"}
    means = ", ".join(f"{name} {_mean(values):.2f}" for name, values in shares.items())
    their = "，".join(
        f"{gate_words('', name)[1].split('：')[0]} {_mean(values):.2f}" for name, values in shares.items()
    )
    firm = _mean(torch.cat([((values < 0.1) | (values > 0.9)).float().flatten() for values in shares.values()]))
    return (
        f"A row is a unit, a column a moment; yellow is open (1), dark blue shut (0), for the candidate red is "
        f"positive and blue negative. The lines above are means over all units; over all moments too: {means}. "
        f"{firm:.0%} of all gate values are below 0.1 or above 0.9: shut or open rather than in between.",
        f"一行是一个单元，一列是一个时刻；黄色为开（1），深蓝为关（0）；候选值红正蓝负。上方折线是所有单元的平均。"
        f"对全部时刻再平均：{their}。{firm:.0%} 的门值小于 0.1 或大于 0.9，即非关即开。",
    )


def states(inside: Inside, layer: int, direction: str) -> Words:
    """A line under the states of one direction."""
    way = inside.layer(layer).directions[direction]
    most = {name: _most(values) for name, values in way.states.items()}
    english = "What each unit holds at each moment: red is positive, blue negative, white zero. "
    chinese = "每个单元在每一时刻保存的值：红正蓝负，白色为零。"
    if "c" in way.states:
        english += (
            f"The memory c goes as far as ±{most['c']:.1f} (colours are even to ±1, logarithmic beyond), the state h "
            f"that is put out as far as ±{most['h']:.2f}. "
        )
        chinese += f"记忆 c 最大达 ±{most['c']:.1f}（颜色在 ±1 以内均匀，以外取对数）；输出 h 最大 ±{most['h']:.2f}。"
    else:
        english += f"The state goes as far as ±{most['h']:.2f}. "
        chinese += f"状态最大 ±{most['h']:.2f}。"
    alike = _alike(way.states["h"])
    english += f"From one frame to the next the states correlate by {alike:.2f}: the nearer to 1, the more is held."
    chinese += f"相邻两帧的状态相关系数为 {alike:.2f}：越接近 1，保持得越久。"
    return english, chinese


def directions(inside: Inside, layer: int) -> Words:
    """A line under the directions of a layer."""
    one = inside.layer(layer)
    if one.behind is None:
        return (
            "This layer reads in one direction: its state at a moment is made of what it was given up to then.",
            "本层只单向阅读：某一时刻的状态只由此前（含此刻）得到的内容算出。",
        )
    if layer == 1:
        english = "Reading ahead gathers what lies to the left of a moment, reading back what lies to its right. "
        chinese = "正向阅读汇集某一时刻左边的内容，反向阅读汇集右边的内容。"
    else:
        english = (
            "Each direction reads what both directions of the layer below have made, so both know past and future. "
        )
        chinese = "每个方向读取的都是下一层两个方向的结果，因此两个方向都知道过去与未来。"
    english += f"Together, by {one.fusion}, they are what the layer has to say of each moment."
    chinese += f"两者以 {one.fusion} 方式融合，就是本层对每一时刻的描述。"
    if one.weights is not None:
        share = _mean(one.weights)
        english += f" On average {share:.0%} is taken from reading ahead."
        chinese += f"平均有 {share:.0%} 取自正向。"
    return english, chinese


def posteriors(inside: Inside) -> Words:
    """A line under what the network writes."""
    assert inside.log_probs is not None
    if BLANK not in inside.labels:
        return "The probability of each label at each moment.", "每一时刻各个标签的概率。"
    likeliest = inside.log_probs.argmax(dim=1) if len(inside.log_probs) else torch.zeros(0, dtype=torch.int64)
    blank = _mean((likeliest == inside.labels.index(BLANK)).float())
    return (
        f"The blank (grey) says “nothing new” and is the likeliest in {blank:.0%} of the frames. A symbol is written "
        "as a short peak once the network has become sure of it. Below, the same as powers of ten: black is certain, "
        "light grey one in a thousand.",
        f"空白（灰）表示“没有新内容”，在 {blank:.0%} 的帧上最可能。符号是网络有把握之后写出的短促尖峰。"
        "下图以 10 的幂显示同样的概率：黑色为确定，浅灰约千分之一。",
    )


def reach(inside: Inside) -> Words:
    """A line under how far back gradients reach."""
    english, chinese = [], []
    for number, layer in enumerate(inside.layers, 1):
        for name, way in layer.directions.items():
            if way.reach is not None and len(way.reach.lags) > 1:
                one, other = _fading(inside, layer, way.reach)
                english.append(f"layer {number} {WAYS[name][0]} {one}")
                chinese.append(f"第 {number} 层{WAYS[name][1]}{other}")
    norm = "the gain in the direction that is kept best" if _spectral(inside) else "the root mean square gain"
    normed = "保持得最好的方向上的增益" if _spectral(inside) else "均方根增益"
    return (
        f"How much of a small change of the state k frames away is still felt: {norm}; 1 means all of it. The curve "
        "falls where gates forget, and a gradient that has faded teaches nothing: "
        f"{'; '.join(english) or 'nothing to see'}.",
        f"k 帧之外状态的微小变化还剩多少影响：{normed}，1 表示全部。门遗忘之处曲线下降，梯度消失之处便无从学习："
        f"{'；'.join(chinese) or '无'}。",
    )


def reach_in_time(inside: Inside) -> Words:
    """A line under the reach drawn in time."""
    return (
        "The same curves at the moments they speak of: from the dot, leftwards into the past that reading ahead "
        "remembers, rightwards into the future that reading back remembers. A step down is a moment of forgetting.",
        "同样的曲线画在它们所指的时刻：从圆点起，向左是正向阅读记住的过去，向右是反向阅读记住的未来。"
        "台阶式的下降就是遗忘的时刻。",
    )


def _fading(inside: Inside, layer: Layer, found: Reach) -> Words:
    gains = found.gains
    after = next((lag for lag, gain in zip(found.lags, gains, strict=True) if gain < FADED), None)
    unit = ("symbols", "个符号") if inside.symbols else ("s", "秒")
    if after is None:
        last = f"{found.lags[-1] * layer.step:.3g} {unit[0]}", f"{found.lags[-1] * layer.step:.3g} {unit[1]}"
        return f"still has {gains[-1]:.2g} after {last[0]}", f"在 {last[1]}后仍有 {gains[-1]:.2g}"
    return (
        f"falls below {FADED:.0%} after {after * layer.step:.3g} {unit[0]}",
        f"在 {after * layer.step:.3g} {unit[1]}后低于 {FADED:.0%}",
    )


def _spectral(inside: Inside) -> bool:
    ways: list[Direction] = [way for layer in inside.layers for way in layer.directions.values()]
    return all(way.reach is None or way.reach.norm == "spectral" for way in ways)


def _alike(values: Tensor) -> float:
    """The correlation of neighbouring frames over all units, each less its own mean; 0 for fewer than 3 frames."""
    if len(values) < 3:
        return 0.0
    away = values - values.mean(dim=0)
    power = away.square().sum()
    return float((away[1:] * away[:-1]).sum() / power) if power > 0 else 0.0


def _mean(values: Tensor) -> float:
    return float(values.float().mean()) if values.numel() else 0.0


def _most(values: Tensor) -> float:
    return float(values.abs().max()) if values.numel() else 0.0
