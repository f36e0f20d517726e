"""From a protocol and a table to folds."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b

from affetto.errors import CorpusError
from affetto.lab.corpora.fingerprints import fingerprints as compute_fingerprints
from affetto.lab.corpora.table import Clip, Table
from affetto.lab.protocols.definitions import Fold, Protocol, find
from affetto.lab.protocols.leaks import check_leaks

__all__ = ["folds"]

_VALIDATION_SHARE = 1 / 6
"""Of the training speakers, held out to choose the epoch and every hyper-parameter."""

_STATEMENT_SHARE = 1 / 10
"""Of the training statements, held out where there is one training speaker only."""


def folds(
    name: str,
    table: Table,
    *,
    pool: bool = False,
    every_label: bool = False,
    partial: bool = False,
    seed: int = 0,
    fingerprints: Mapping[str, str] | None = None,
) -> list[Fold]:
    """Split a table as a protocol says.

    About one training speaker in six is held out for validation, chosen by `seed`, with genders
    in turn; where only one speaker trains, a tenth of the statements. Identical samples stay on
    one side: in a random split they move together, elsewhere the copies outside the test are left
    out of the training.

    Args:
        name: of the protocol.
        table: the clips; it may hold other corpora too.
        pool: add the clips of all other corpora to the training. Protocols that test on whole
            corpora or on unacted speech do so in any case.
        every_label: let clips train (and validate) whose emotion the protocol doesn't ask for.
        partial: accept a table that lacks some of the test speakers or corpora; folds without
            test clips are then left out.
        seed: of the choice of validation speakers.
        fingerprints: `Clip.key` → digest of its samples, as far as known; the clips that are
            missing from it are decoded.

    Returns:
        The folds, in the protocol's order.

    Raises:
        OptionError: no such protocol.
        CorpusError: the table lacks speakers or corpora, a clip has no speaker, or one speaker
            stands on both sides.
    """
    protocol = find(name)
    digests = compute_fingerprints(table, known=fingerprints)
    labels = [protocol.label(clip) for clip in table]
    own = [i for i, clip in enumerate(table) if clip.corpus in protocol.corpora and labels[i]]
    if not own:
        raise CorpusError(
            f"protocol {name}: found no clips of {', '.join(protocol.corpora)}, expected them in "
            f"the table; it has {', '.join(table.corpora) or 'none'}"
        )
    usable = [
        i for i, clip in enumerate(table) if labels[i] or (every_label and clip.emotion is not None)
    ]
    if not (pool or protocol.always_pooled):
        usable = [i for i in usable if table[i].corpus in protocol.corpora]
    if protocol.test == "random":
        made = [_random(protocol, table, own, usable, digests, s) for s in protocol.seeds]
    else:
        made = _by_group(protocol, table, own, usable, partial=partial, seed=seed)
        made = [_without_copies(fold, table, digests) for fold in made]
    for fold in made:
        check_leaks(
            table, fold, speakers=protocol.speaker_independent, fingerprints=digests, name=name
        )
    return made


def _by_group(
    protocol: Protocol,
    table: Table,
    own: Sequence[int],
    usable: Sequence[int],
    *,
    partial: bool,
    seed: int,
) -> list[Fold]:
    """Split by speakers, sessions or corpora."""
    groups: list[tuple[str, ...]]
    if protocol.test == "corpora":
        groups = [(corpus,) for corpus in protocol.corpora]
        kind = "corpus"
    elif protocol.test == "speakers in turn":
        known = sorted({_id(table[i]) for i in own})
        groups = [tuple(known[k :: protocol.folds]) for k in range(protocol.folds)]
        kind = "speaker"
    else:
        groups = list(protocol.groups)
        kind = "session" if protocol.test == "sessions" else "speaker"
    belongs: Callable[[Clip], str] = {
        "corpus": lambda clip: clip.corpus,
        "session": lambda clip: clip.session or "",
        "speaker": _id,
    }[kind]
    here = {belongs(table[i]) for i in own}
    missing = [value for group in groups for value in group if value not in here]
    if missing and not partial:
        raise CorpusError(
            f"protocol {protocol.name}: found no clips of {kind} {', '.join(missing[:5])}"
            f"{' …' if len(missing) > 5 else ''}, expected the whole of "
            f"{', '.join(protocol.corpora)}; complete it, or run another protocol"
        )
    made = []
    for k, group in enumerate(groups):
        test = [i for i in own if belongs(table[i]) in group]
        if not test:
            continue
        tested = set(test)
        # A test speaker's clips that the protocol doesn't ask for must not train either.
        rest = [
            i
            for i in usable
            if i not in tested
            and not (table[i].corpus in protocol.corpora and belongs(table[i]) in group)
        ]
        name = group[0] if len(group) == 1 else str(k + 1)
        if kind == "session":
            held = set(groups[(k + 1) % len(groups)])
            validation = [i for i in rest if table[i].session in held]
        else:
            validation = _held_out(protocol, table, rest, salt=f"{protocol.name}/{name}/{seed}")
        taken = set(validation)
        train = tuple(i for i in rest if i not in taken)
        made.append(Fold(name, train, tuple(validation), tuple(test)))
    return made


def _held_out(protocol: Protocol, table: Table, rest: Sequence[int], *, salt: str) -> list[int]:
    """Choose the validation clips among the training ones, by speaker."""
    corpora = defaultdict(set)
    for i in rest:
        corpora[table[i].corpus].add(table[i].speaker)
    if not protocol.always_pooled:
        own = set(protocol.corpora)
        speakers = {table[i].speaker for i in rest if table[i].corpus in own}
        if len(speakers) == 1:
            return _held_out_statements(table, [i for i in rest if table[i].corpus in own], salt)
        chosen = _choose(table, [i for i in rest if table[i].corpus in own], salt)
    else:
        # A corpus of two speakers would lose half of itself.
        chosen = set()
        for corpus, speakers in sorted(corpora.items()):
            if len(speakers) > 2:
                chosen |= _choose(table, [i for i in rest if table[i].corpus == corpus], salt)
    return [i for i in rest if table[i].speaker in chosen]


def _choose(table: Table, places: Sequence[int], salt: str) -> set[str]:
    """Choose about a sixth of the speakers, genders in turn."""
    genders: dict[str, str] = {}
    for i in places:
        if (speaker := table[i].speaker) is not None:
            genders[speaker] = table[i].gender or ""
    queues: dict[str, list[str]] = defaultdict(list)
    for speaker in sorted(genders, key=lambda speaker: _shuffled(salt, speaker)):
        queues[genders[speaker]].append(speaker)
    order = sorted(
        (rank, _shuffled(salt, gender), speaker)
        for gender, queue in queues.items()
        for rank, speaker in enumerate(queue)
    )
    count = max(1, round(len(genders) * _VALIDATION_SHARE))
    return {speaker for _, _, speaker in order[:count]}


def _held_out_statements(table: Table, places: Sequence[int], salt: str) -> list[int]:
    said = {i: table[i].statement or table[i].name for i in places}
    order = sorted(set(said.values()), key=lambda statement: _shuffled(salt, statement))
    chosen = set(order[: max(1, round(len(order) * _STATEMENT_SHARE))])
    return [i for i in places if said[i] in chosen]


def _without_copies(fold: Fold, table: Table, digests: Mapping[str, str]) -> Fold:
    """Leave the copies of test clips out of the rest, and those of validation out of training."""
    tested = {digests[table[i].key] for i in fold.test}
    validation = tuple(i for i in fold.validation if digests[table[i].key] not in tested)
    taken = tested | {digests[table[i].key] for i in validation}
    train = tuple(i for i in fold.train if digests[table[i].key] not in taken)
    return Fold(fold.name, train, validation, fold.test, fold.seed)


def _random(
    protocol: Protocol,
    table: Table,
    own: Sequence[int],
    usable: Sequence[int],
    digests: Mapping[str, str],
    seed: int,
) -> Fold:
    """Split clips at random, label by label; identical samples move together."""
    alike: dict[str, list[int]] = defaultdict(list)
    for i in own:
        alike[digests[table[i].key]].append(i)
    by_label: dict[str, list[list[int]]] = defaultdict(list)
    for group in alike.values():
        by_label[str(protocol.label(table[group[0]]))].append(group)
    # By a digest of the name: the same split whatever the order of the table and the machine.
    salt = f"{protocol.name}/{seed}"
    for groups in by_label.values():
        groups.sort(key=lambda group: min(_shuffled(salt, _stable_name(table[i])) for i in group))
    test = _take(protocol, by_label, protocol.shares[2], len(own))
    validation = _take(protocol, by_label, protocol.shares[1], len(own))
    taken = {*test, *validation}
    sounds = {digests[table[i].key] for i in taken}
    train = [i for i in usable if i not in taken and digests[table[i].key] not in sounds]
    return Fold(f"seed {seed}", tuple(train), tuple(validation), tuple(test), seed)


def _take(
    protocol: Protocol, by_label: dict[str, list[list[int]]], share: float, total: int
) -> list[int]:
    """Take a share of the clips away from `by_label`, each label in proportion."""
    wanted = round(share * total)
    sizes = {label: sum(map(len, by_label[label])) for label in protocol.labels}
    left = sum(sizes.values())
    exact = {label: wanted * size / left for label, size in sizes.items()}
    quota = {label: math.floor(value) for label, value in exact.items()}
    ranked = sorted(protocol.labels, key=lambda label: quota[label] - exact[label])
    for label in ranked[: wanted - sum(quota.values())]:
        quota[label] += 1
    taken: list[int] = []
    for label, groups in by_label.items():
        kept = []
        room = quota[label]
        for group in groups:
            if len(group) <= room:
                taken += group
                room -= len(group)
            else:
                kept.append(group)
        by_label[label] = kept
    return sorted(taken)


def _id(clip: Clip) -> str:
    """Give the speaker's id without the corpus."""
    return (clip.speaker or "").partition(":")[2]


def _stable_name(clip: Clip) -> str:
    """Name a clip without its folder and suffix, which differ from place to place."""
    return f"{clip.corpus}/{clip.speaker}/{clip.name}/{clip.start or 0:.3f}"


def _shuffled(salt: str, text: str) -> bytes:
    """Give a sort key that is random for those who don't know the salt, and fixed for all."""
    return blake2b(f"{salt}/{text}".encode(), digest_size=16).digest()
