"""Networks over sequences of frames: a 1-D CNN, and LSTMs."""

from __future__ import annotations

import itertools

from torch import Tensor, nn

from affetto.lab.architectures.blocks import as_picture, conv2d, moments, wide

__all__ = ["Cnn1d", "CnnLstm", "Lstm"]


class Cnn1d(nn.Module):
    """Convolutions over time, the columns as channels.

    Args:
        columns: of a frame.
        classes: how many.
        width: multiplies the channels.
        dropout: before the last layer, and half of it between convolutions.
    """

    def __init__(
        self, columns: int, classes: int, *, width: float = 1.0, dropout: float = 0.3
    ) -> None:
        super().__init__()
        sizes = [columns, *(wide(channels, width) for channels in (128, 128, 192, 192, 256))]
        layers: list[nn.Module] = []
        for place, (before, after) in enumerate(itertools.pairwise(sizes)):
            layers += [
                nn.Conv1d(before, after, 5, padding=2, bias=False),
                nn.BatchNorm1d(after),
                nn.ReLU(),
                nn.MaxPool1d(2) if place in (1, 3) else nn.Dropout(dropout / 2),
            ]
        self.layers = nn.Sequential(*layers)
        self.last = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * sizes[-1], classes))

    def forward(self, frames: Tensor) -> Tensor:
        """Give logits, (batch, classes), of frames, (batch, frames, columns)."""
        logits: Tensor = self.last(moments(self.layers(frames.transpose(1, 2))))
        return logits


class Attention(nn.Module):
    """A mean over time in which a learnt score says what each frame weighs.

    After Mirsamadi et al. 2017, doi:10.1109/ICASSP.2017.7952552.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.score = nn.Linear(size, 1)

    def forward(self, rows: Tensor) -> Tensor:
        """Give the mean of rows, (batch, rows, size): (batch, size)."""
        return (rows * self.score(rows).softmax(dim=1)).sum(dim=1)


class Lstm(nn.Module):
    """Two bidirectional LSTM layers and attention over their outputs.

    Args:
        columns: of a frame.
        classes: how many.
        width: multiplies the units.
        dropout: between the layers and before the last.
    """

    def __init__(
        self, columns: int, classes: int, *, width: float = 1.0, dropout: float = 0.3
    ) -> None:
        super().__init__()
        units = wide(96, width)
        self.first = nn.Sequential(nn.Linear(columns, 2 * units), nn.ReLU(), nn.Dropout(dropout))
        self.lstm = nn.LSTM(
            2 * units, units, 2, batch_first=True, bidirectional=True, dropout=dropout
        )
        self.pool = Attention(2 * units)
        self.last = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * units, classes))

    def forward(self, frames: Tensor) -> Tensor:
        """Give logits, (batch, classes), of frames, (batch, frames, columns)."""
        logits: Tensor = self.last(self.pool(self.lstm(self.first(frames))[0]))
        return logits


class CnnLstm(nn.Module):
    """Convolutions over the picture of the frames, two LSTM layers, a dense one.

    Args:
        columns: of a frame.
        classes: how many.
        width: multiplies channels and units.
        dropout: between the layers and before the last.
    """

    def __init__(
        self, columns: int, classes: int, *, width: float = 1.0, dropout: float = 0.3
    ) -> None:
        super().__init__()
        sizes = [1, *(wide(channels, width) for channels in (32, 48, 64, 96))]
        layers: list[nn.Module] = []
        height = columns
        for before, after in itertools.pairwise(sizes):
            time = 2 if before == 1 or after == sizes[-1] else 1
            layers.append(conv2d(before, after, stride=(2, time)))
            height = (height + 1) // 2
        self.layers = nn.Sequential(*layers)
        units = wide(128, width)
        self.between = nn.Sequential(nn.Linear(sizes[-1] * height, units), nn.ReLU())
        self.lstm = nn.LSTM(units, units, 2, batch_first=True, dropout=dropout)
        self.pool = Attention(units)
        self.last = nn.Sequential(nn.Dropout(dropout), nn.Linear(units, classes))

    def forward(self, frames: Tensor) -> Tensor:
        """Give logits, (batch, classes), of frames, (batch, frames, columns)."""
        heard = self.layers(as_picture(frames))
        rows = heard.flatten(1, 2).transpose(1, 2)
        logits: Tensor = self.last(self.pool(self.lstm(self.between(rows))[0]))
        return logits
