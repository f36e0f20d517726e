"""What the model says of speech that nobody acted, by the prior, the baseline and the line.

    python benchmarks/everyday.py [--model M] [--folder F] [--format json]

Each folder of recordings is heard file by file, as `affetto analyze` does it, and the share of the
speaking time that is called neutral or calm is given. Without --folder it hears the read sentences
beside the corpora (AFFETTO_SHARED, or ../shared): LJ Speech and two speakers more, whom the bundled
model never heard. Few voices: an example of what happens, no measure of the model.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
from material import shared
from numpy.typing import NDArray

from affetto import Recognizer, audio

LINES = {
    "as recorded": None,
    "telephone": "telephone",
    "Opus 16 kbit/s": "codec:opus:16",
    "white noise, 15 dB": "noise:15dB:white",
    "room, 0.5 s": "reverb:0.5s",
}
"""What befalls the sound first."""

CALM = ("neutral", "calm")


def sounds(files: list[Path], line: str | None) -> list[NDArray[np.float32]]:
    """Load the recordings, and let the line befall them."""
    from affetto.lab.augment import generator, parse

    loaded = [audio.load(file).samples for file in files]
    if line is None:
        return loaded
    step = parse(line)
    return [
        np.asarray(step(samples, generator(0, file.name)), np.float32)
        for file, samples in zip(files, loaded, strict=True)
    ]


def shares(recognizer: Recognizer, heard: list[NDArray[np.float32]]) -> dict[str, float]:
    """Give the share of the speaking time of each emotion, commonest first."""
    time: Counter[str] = Counter()
    for samples in heard:
        for segment in recognizer.recognize(samples):
            time[segment.emotion or "none"] += segment.duration
    total = sum(time.values())
    return {emotion: seconds / total for emotion, seconds in time.most_common()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="default")
    parser.add_argument("--folder", type=Path, default=shared() / "speech")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    chosen = parser.parse_args()
    files = sorted(p for p in chosen.folder.glob("*") if p.suffix in (".flac", ".wav", ".mp3"))
    if not files:
        raise SystemExit(f"found no recordings in {chosen.folder}: name a folder with --folder")
    rows = []
    for line, steps in LINES.items():
        heard = sounds(files, steps)
        for prior in ("even", "everyday"):
            for baseline in (False, True):
                recognizer = Recognizer(chosen.model, prior=prior, baseline=baseline)
                found = shares(recognizer, heard)
                calm = sum(found.get(emotion, 0.0) for emotion in CALM)
                rows.append(
                    {
                        "line": line,
                        "prior": prior,
                        "baseline": baseline,
                        "neutral_or_calm": calm,
                        "shares": found,
                    }
                )
    if chosen.format == "json":
        print(json.dumps({"files": len(files), "rows": rows}, indent=2))
        return
    print(f"{len(files)} recordings; share of the speaking time that is called neutral or calm")
    print(f"{'line':20}{'prior':10}{'baseline':10}{'share':>6}   what else")
    for row in rows:
        others = [f"{k} {v:.0%}" for k, v in row["shares"].items() if k not in CALM]
        kept = "yes" if row["baseline"] else "no"
        share = f"{row['neutral_or_calm']:.0%}"
        print(f"{row['line']:20}{row['prior']:10}{kept:10}{share:>6}   {', '.join(others)}")


if __name__ == "__main__":
    main()
