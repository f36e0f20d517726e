"""Networks that look at features as a picture: a CNN, ResNet-18, and a CNN that narrows."""

from __future__ import annotations

from torch import Tensor, nn, relu_

from affetto.lab.architectures.blocks import as_picture, conv2d, moments, wide

__all__ = ["Cnn", "MfccCnn", "ResNet18"]


class Cnn(nn.Module):
    """Seven convolutions with batch norm and pooling; mean and deviation over time.

    Args:
        columns: of a frame.
        classes: how many.
        width: multiplies the channels.
        dropout: before the last layer.
    """

    def __init__(
        self, columns: int, classes: int, *, width: float = 1.0, dropout: float = 0.3
    ) -> None:
        super().__init__()
        sizes = [wide(channels, width) for channels in (32, 48, 64, 64, 96, 96, 128)]
        strides: list[int | tuple[int, int]] = [2, (2, 1), 2, 1, (2, 1), 1, (2, 1)]
        layers: list[nn.Module] = []
        height, before = columns, 1
        for after, stride in zip(sizes, strides, strict=True):
            layers.append(conv2d(before, after, stride=stride))
            height, before = height if stride == 1 else (height + 1) // 2, after
        self.layers = nn.Sequential(*layers)
        self.over_bands = nn.Sequential(
            nn.Conv1d(before * height, 2 * before, 1, bias=False), nn.BatchNorm1d(2 * before)
        )
        self.last = nn.Sequential(nn.Dropout(dropout), nn.Linear(4 * before, classes))

    def forward(self, frames: Tensor) -> Tensor:
        """Give logits, (batch, classes), of frames, (batch, frames, columns)."""
        heard = self.layers(as_picture(frames)).flatten(1, 2)
        logits: Tensor = self.last(moments(relu_(self.over_bands(heard))))
        return logits


class Residual(nn.Module):
    """Two convolutions and a way around them.

    Args:
        inputs: channels.
        outputs: channels.
        stride: of the first convolution.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or inputs != outputs:
            self.downsample = conv2d(inputs, outputs, 1, stride, activation=None)

    def forward(self, picture: Tensor) -> Tensor:
        """Give the block's picture."""
        heard = self.bn2(self.conv2(relu_(self.bn1(self.conv1(picture)))))
        return relu_(heard + self.downsample(picture))


class ResNet18(nn.Module):
    """ResNet-18 on one channel, averaged over time (He et al. 2016, arXiv:1512.03385).

    Its tensors have the names that published weights of the network use.

    Args:
        columns: of a frame.
        classes: how many.
        width: multiplies the channels.
        dropout: before the last layer.
    """

    def __init__(
        self, columns: int, classes: int, *, width: float = 1.0, dropout: float = 0.2
    ) -> None:
        super().__init__()
        sizes = [wide(channels, width) for channels in (64, 128, 256, 512)]
        self.conv1 = nn.Conv2d(1, sizes[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(sizes[0])
        self.pool = nn.MaxPool2d(3, 2, 1)
        befores = [sizes[0], *sizes[:-1]]
        for number, (before, after) in enumerate(zip(befores, sizes, strict=True), start=1):
            first = Residual(before, after, 1 if number == 1 else 2)
            setattr(self, f"layer{number}", nn.Sequential(first, Residual(after, after, 1)))
        height = columns
        for _ in range(5):
            height = (height + 1) // 2
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Linear(sizes[-1] * height, classes)

    def forward(self, frames: Tensor) -> Tensor:
        """Give logits, (batch, classes), of frames, (batch, frames, columns)."""
        heard = self.pool(relu_(self.bn1(self.conv1(as_picture(frames)))))
        for number in (1, 2, 3, 4):
            heard = getattr(self, f"layer{number}")(heard)
        logits: Tensor = self.last(self.dropout(heard.mean(dim=-1).flatten(1)))
        return logits


class MfccCnn(nn.Module):
    """Eighteen convolutions that narrow from 512 channels, averaged over time.

    There is a way around each that keeps its picture's shape: without, so many learn slowly.

    Args:
        columns: of a frame.
        classes: how many.
        width: multiplies the channels.
        dropout: before the last layer.
    """

    CHANNELS = (
        512, 384, 384, 320, 320, 256, 256, 256, 256, 192, 192, 192, 192, 128, 128, 128, 128, 128,
    )  # fmt: skip
    HALVED = (0, 1, 4, 8)
    """The convolutions after which the picture has half the size; the first halves time twice, or
    the 512 channels would cost more than all that follows."""

    def __init__(
        self, columns: int, classes: int, *, width: float = 1.0, dropout: float = 0.3
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before, height = 1, columns
        for place, channels in enumerate(self.CHANNELS):
            after = wide(channels, width)
            if place == 0:
                layers.append(conv2d(before, after, 5, (2, 4)))
            else:
                layers.append(conv2d(before, after, stride=2 if place in self.HALVED else 1))
            before, height = after, (height + 1) // 2 if place in self.HALVED else height
        self.layers = nn.ModuleList(layers)
        self.last = nn.Sequential(nn.Dropout(dropout), nn.Linear(before * height, classes))

    def forward(self, frames: Tensor) -> Tensor:
        """Give logits, (batch, classes), of frames, (batch, frames, columns)."""
        heard = as_picture(frames)
        for layer in self.layers:
            changed = layer(heard)
            heard = heard + changed if heard.shape == changed.shape else changed
        logits: Tensor = self.last(heard.mean(dim=-1).flatten(1))
        return logits
