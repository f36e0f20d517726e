"""ONNX networks, opened and run; what goes wrong is said in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import onnxruntime
    from numpy.typing import NDArray

    Inputs = NDArray[np.float32] | Sequence[NDArray[np.float32]]

__all__ = ["Network", "open_network", "open_session", "run_session"]

_BLOCK = 64
"""Inputs judged at a time: more are no faster and need more memory."""


def open_session(source: Path | bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """Open a network.

    Args:
        source: its file, or the file's bytes.
        threads: CPU threads that it may use.

    Raises:
        ModelError: it is none that can be run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Waiting threads shall not burn a core that others need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = ["CPUExecutionProvider"]
    given = source if isinstance(source, bytes) else str(source)
    try:
        # Falling back, from one processor to the same, would print on stdout.
        return onnxruntime.InferenceSession(given, options, providers, enable_fallback=0)
    except Exception as error:  # onnxruntime raises its own, unrelated classes
        name = "the network" if isinstance(source, bytes) else str(source)
        raise ModelError(
            f"{name}: is no network that can be run ({error}); get the model again"
        ) from None


def run_session(
    session: onnxruntime.InferenceSession,
    names: Sequence[str],
    inputs: Mapping[str, NDArray[Any]],
    called: str | Path = "the model",
) -> list[NDArray[np.float32]]:
    """Run a network.

    Args:
        session: from `open_session`.
        names: of the outputs wanted.
        inputs: name → values.
        called: the model, as an error shall call it.

    Raises:
        ModelError: the network refuses these inputs.
    """
    try:
        outputs: list[NDArray[np.float32]] = session.run(list(names), dict(inputs))
    except Exception as error:  # as above
        raise ModelError(f"{called}: the network did not run: {error}") from None
    return outputs


class Network:
    """A network with one input and one output; see `open_network`."""

    def __init__(self, session: onnxruntime.InferenceSession, called: str | Path) -> None:
        self._session = session
        self._called = called
        given = session.get_inputs()[0]
        self._input = given.name
        # Some exports take one input at a time and no more.
        self._block = next((n for n in given.shape[:1] if isinstance(n, int)), _BLOCK)
        self._output = session.get_outputs()[0].name

    def __call__(self, features: Inputs) -> NDArray[np.float32]:
        """Judge features, a block at a time, or one by one those of different shapes.

        Args:
            features: (n, …); or n arrays, each with a shape of its own.

        Returns:
            The outputs, (n, outputs).

        Raises:
            ModelError: the network refuses these features.
        """
        if not isinstance(features, np.ndarray):
            return np.concatenate([self(one[None]) for one in features])
        parts = []
        for start in range(0, len(features), self._block):
            block = np.ascontiguousarray(features[start : start + self._block], np.float32)
            parts += run_session(self._session, [self._output], {self._input: block}, self._called)
        return np.concatenate(parts)


def open_network(
    source: Path | bytes, threads: int = 1, *, called: str | Path = "the model"
) -> Network:
    """Open a network with one input and one output.

    Args:
        source: its file, or the file's bytes.
        threads: CPU threads that it may use.
        called: the model, as an error shall call it.

    Raises:
        ModelError: it is none that can be run, or has other inputs or outputs.
    """
    session = open_session(source, threads)
    counts = len(session.get_inputs()), len(session.get_outputs())
    if counts != (1, 1):
        raise ModelError(
            f"{called}: found a network with {counts[0]} inputs and {counts[1]} outputs, expected "
            "one of each"
        )
    return Network(session, called)
