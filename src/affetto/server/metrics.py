"""What the server did, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["Metrics"]


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self.recordings = Counter(
            "affetto_recordings", "Recordings asked for, by outcome.", ["outcome"],
            registry=registry,
        )  # fmt: skip
        self.heard = Counter(
            "affetto_heard_seconds", "Seconds of sound heard.", ["by"], registry=registry
        )
        self.work = Histogram(
            "affetto_recording_seconds", "Seconds that a recording took.", registry=registry
        )
        self.streams = Gauge("affetto_streams", "Live streams at present.", registry=registry)
        self.updates = Counter("affetto_updates", "Updates sent.", registry=registry)
        self.latency = Histogram(
            "affetto_update_seconds",
            "Seconds from a chunk's arrival to its updates.",
            registry=registry,
            buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0),
        )

    def text(self) -> bytes:
        """Write them in Prometheus's format."""
        return generate_latest(self._registry)
