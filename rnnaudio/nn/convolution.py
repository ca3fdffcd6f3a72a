"""A convolutional front over time and frequency that minds each row's length."""

import torch
from torch import Tensor, nn

from rnnaudio.nn.lengths import hide_padding, valid_mask

WIDTH = 3


class ConvFront(nn.Module):
    """Patterns of 3 frames by 3 bands, found wherever they stand in frequency; bands are halved after each layer.

    A shorter vocal tract has its formants higher: to a recurrent layer on bare bands that is another sound, to a
    convolution with pooling nearly the same. The last layer keeps every `stride`-th frame. Padding is zeroed before
    each layer, which is what the end of a row alone sees.

    Shapes: frames (B, T, F), lengths (B,) -> (B, ceil(T / stride), `width`), lengths (B,).
    Source: Abdel-Hamid et al. 2014, "Convolutional neural networks for speech recognition".

    >>> front = ConvFront(20, (4, 8), stride=2)
    >>> frames, lengths = front(torch.zeros(2, 7, 20), torch.tensor([7, 4]))
    >>> frames.shape, lengths.tolist()
    (torch.Size([2, 4, 40]), [4, 2])
    """

    def __init__(self, inputs: int, channels: tuple[int, ...], stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.layers = nn.ModuleList()
        self.bands: list[int] = []  # that each layer reads
        before, bands = 1, inputs
        for index, after in enumerate(channels):
            step = stride if index == len(channels) - 1 else 1
            self.layers.append(nn.Conv2d(before, after, WIDTH, stride=(step, 1), padding=WIDTH // 2))
            self.bands.append(bands)
            before, bands = after, -(-bands // 2)
        self.width = before * bands

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Frames out for frames in."""
        return torch.div(lengths + self.stride - 1, self.stride, rounding_mode="floor")

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Convolve and pool."""
        if frames.shape[1] == 0:
            return frames.new_zeros(len(frames), 0, self.width), self.output_lengths(lengths)
        maps = hide_padding(frames, lengths)[:, None]  # (B, 1, T, F)
        for index, layer in enumerate(self.layers):
            maps = nn.functional.relu(layer(maps))  # (B, C, T or T/stride, F)
            if index == len(self.layers) - 1:
                lengths = self.output_lengths(lengths)
            maps = maps * valid_mask(lengths, maps.shape[2])[:, None, :, None]
            maps = nn.functional.max_pool2d(maps, (1, 2), ceil_mode=True)  # (B, C, T, F/2)
        return maps.permute(0, 2, 1, 3).flatten(2), lengths  # (B, T/stride, C F)

    def stream(
        self, frames: Tensor, waiting: tuple[Tensor, ...] | None = None, end: bool = False
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Convolve the next frames of a stream, one frame late for each layer; at the `end` all that waits comes out.

        Shapes: frames (B, T, F), waiting (B, C, a few, F) for each layer -> (B, N, `width`), waiting.

        >>> front = ConvFront(20, (4, 8), stride=2)
        >>> out, waiting = front.stream(torch.zeros(1, 7, 20))
        >>> out.shape[1], front.stream(torch.zeros(1, 0, 20), waiting, end=True)[0].shape[1]
        (3, 1)
        """
        maps, after = frames[:, None], []  # (B, 1, T, F)
        for index, layer in enumerate(self.layers):
            assert isinstance(layer, nn.Conv2d)
            before = maps.new_zeros(*maps.shape[:2], 1, maps.shape[3]) if waiting is None else waiting[index]
            maps = torch.cat([before, maps, before.new_zeros(*maps.shape[:2], int(end), maps.shape[3])], dim=2)
            step = int(layer.stride[0])
            needed = WIDTH if end else max(WIDTH, step)  # so that a step never goes beyond what is there
            places = max(0, (maps.shape[2] - needed) // step + 1)
            after.append(maps[:, :, places * step :])
            if places:
                seen = maps[:, :, : (places - 1) * step + WIDTH]
                maps = nn.functional.conv2d(seen, layer.weight, layer.bias, (step, 1), (0, WIDTH // 2))
                maps = nn.functional.max_pool2d(nn.functional.relu(maps), (1, 2), ceil_mode=True)  # (B, C, N, F/2)
            else:
                maps = maps.new_zeros(len(maps), layer.out_channels, 0, -(-maps.shape[3] // 2))
        return maps.permute(0, 2, 1, 3).flatten(2), tuple(after)
