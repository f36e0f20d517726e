"""What Whisper hears, as a part of a network: for those who turn its models into files."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["LogMel"]


class LogMel(nn.Module):
    """The log-mel spectrogram of Whisper (Radford et al. 2022, arXiv:2212.04356).

    The Fourier transform is a convolution, so that it can go into an ONNX file.

    Args:
        mel: the filters, (bins, bands).
        n_fft: samples of a frame.
        hop: samples from frame to frame.
        samples: that the encoder hears: a sound is filled up with zeros, or cut.
    """

    def __init__(self, mel: Tensor, *, n_fft: int, hop: int, samples: int) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.hop = hop
        self.samples = samples
        turns = torch.arange(n_fft // 2 + 1)[:, None] * torch.arange(n_fft) % n_fft
        angles = turns.double() * (2.0 * torch.pi / n_fft)
        window = torch.hann_window(n_fft, dtype=torch.float64)
        waves = torch.cat([angles.cos() * window, angles.sin() * window])
        self.mel: Tensor
        self.waves: Tensor
        self.register_buffer("mel", mel.float().T.contiguous())
        self.register_buffer("waves", waves.float()[:, None])

    @classmethod
    def of(cls, extractor: Any) -> LogMel:
        """Do as a feature extractor of transformers does."""
        return cls(
            torch.from_numpy(extractor.mel_filters),
            n_fft=extractor.n_fft,
            hop=extractor.hop_length,
            samples=extractor.n_samples,
        )

    def extra_repr(self) -> str:
        """Say what tells two of them apart."""
        return f"n_fft={self.n_fft}, hop={self.hop}, samples={self.samples}"

    def forward(self, samples: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Give the spectrogram of sounds, (batch, bands, frames)."""
        del lengths  # silence after the sound is what this encoder expects
        filled = torch.cat([samples, samples.new_zeros(samples.shape[0], self.samples)], dim=1)
        filled = filled[:, None, : self.samples]
        edge = self.n_fft // 2
        filled = nn.functional.pad(filled, (edge, edge), mode="reflect")
        with torch.autocast(samples.device.type, enabled=False):
            parts = nn.functional.conv1d(filled.float(), self.waves, stride=self.hop)
            power = parts[:, :, :-1].square()
            power = power[:, : self.n_fft // 2 + 1] + power[:, self.n_fft // 2 + 1 :]
            decades = (self.mel @ power).clamp(min=1e-10).log10()
        loudest = decades.amax(dim=(1, 2), keepdim=True)
        made: Tensor = (torch.maximum(decades, loudest - 8.0) + 4.0) / 4.0
        return made
