"""A timeline in words."""

from pathlib import PurePosixPath, PureWindowsPath

from affetto.timeline import Segment, Timeline

__all__ = ["feeling", "file_name", "prior", "sentence"]


def file_name(source: str) -> str:
    r"""Take the last part of a path or an address.

    Examples:
        >>> file_name("/home/ada/call.wav"), file_name("C:\\calls\\call.wav")
        ('call.wav', 'call.wav')
    """
    return PurePosixPath(PureWindowsPath(source).name or source).name or source


def feeling(segment: Segment) -> str:
    """Name what a segment sounds like, with a caution where it is uncertain.

    Examples:
        >>> feeling(Segment(0.0, 1.0, "sad", {"sad": 0.3, "calm": 0.2}, 0.3, -0.2, -0.3))
        'sad (uncertain)'
    """
    if segment.emotion is None:
        return "no label"
    return f"{segment.emotion} (uncertain)" if segment.uncertain else segment.emotion


def sentence(timeline: Timeline) -> str:
    """Sum a timeline up in a sentence or two.

    Examples:
        >>> joy = Segment(0.0, 2.0, "happy", {"happy": 0.9, "sad": 0.1}, 0.9, 0.8, 0.5)
        >>> gloom = Segment(2.5, 3.5, "sad", {"sad": 0.8, "happy": 0.2}, 0.8, -0.7, -0.5)
        >>> sentence(Timeline("x.wav", 4.0, (joy, gloom), "default"))
        'The voice sounds mostly happy (67%), then sad (33%). The feeling changes once...'
    """
    if not timeline.segments:
        return "No speech was found, so there is no feeling to show."
    summary = timeline.summary()
    share: dict[str, float] = summary["share"]
    length = _length(timeline.speech_duration)
    if not share:
        return f"{length} of speech, described by valence and arousal alone."
    ranked = list(share.items())
    first = f"{ranked[0][0]} ({ranked[0][1]:.0%})"
    others = [f"{label} ({part:.0%})" for label, part in ranked[1:3] if part >= 0.05]
    if ranked[0][1] >= 0.9:
        text = f"The voice sounds {ranked[0][0]} nearly throughout ({ranked[0][1]:.0%})."
        if len(ranked) == 1:
            text = f"The voice sounds {ranked[0][0]} throughout."
    elif ranked[0][1] >= 0.5:
        text = f"The voice sounds mostly {first}, then {_and(others)}."
        if not others:
            text = f"The voice sounds mostly {first}."
    else:
        text = f"The voice sounds mixed: {_and([first, *others])}."
    changes = summary["changes"]
    times = {0: "does not change", 1: "changes once", 2: "changes twice"}
    text += f" The feeling {times.get(changes, f'changes {changes} times')} in {length} of speech."
    unsure = sum(s.duration for s in timeline if s.uncertain) / timeline.speech_duration
    if unsure >= 0.3:
        text += f" {unsure:.0%} of it is uncertain: take those labels with care."
    return text


def prior(timeline: Timeline) -> str:
    """Say how common each emotion was taken to be.

    Examples:
        >>> prior(Timeline("x.wav", 1.0, (), "default", prior={"calm": 3.0, "sad": 0.5}))
        'calm ×3, sad ×0.5'
        >>> prior(Timeline("x.wav", 1.0, (), "default"))
        'even'
    """
    return ", ".join(f"{label} ×{odds:g}" for label, odds in timeline.prior.items()) or "even"


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _length(seconds: float) -> str:
    if seconds < 90:
        whole = max(1, round(seconds))
        return f"{whole} second{'s' if whole > 1 else ''}"
    return f"{round(seconds / 60)} minutes"
