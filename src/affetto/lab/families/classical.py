"""The classical families: scikit-learn on one row of numbers a clip."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from affetto.lab.families.lesson import Fitted, HeldOut
from affetto.lab.metrics import uar

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from affetto.lab.families.lesson import Lesson

__all__ = [
    "BoostingSettings",
    "ForestSettings",
    "MlpSettings",
    "SvmSettings",
    "boosting",
    "forest",
    "mlp",
    "svm",
]

_LEAST = 1e-6
"""Of a probability whose logarithm is taken."""

_PARTS = 5
"""In which families that learn in a second part their clips, to choose by all of them in turn."""

_MANY = 3000
"""Clips from which on that would take too long, and one split tells enough."""


@dataclass(frozen=True, slots=True)
class SvmSettings:
    """A support vector machine, one class against the rest.

    Attributes:
        kernel: "rbf" (Gaussian) or "linear".
        costs: values of C that the held-out speakers choose among.
        gamma: of the Gaussian, times 1 / columns.
        balanced: let rare classes weigh as much as common ones.
    """

    kernel: Literal["rbf", "linear"] = "rbf"
    costs: tuple[float, ...] = (0.5, 2.0, 8.0)
    gamma: float = 0.3
    balanced: bool = True


@dataclass(frozen=True, slots=True)
class MlpSettings:
    """A multilayer perceptron.

    Attributes:
        hidden: units of each layer.
        decays: penalties that the held-out speakers choose among.
        epochs: at most.
        rate: of learning (Adam).
    """

    hidden: tuple[int, ...] = (256,)
    decays: tuple[float, ...] = (1e-2, 1.0, 10.0)
    epochs: int = 100
    rate: float = 1e-3


@dataclass(frozen=True, slots=True)
class ForestSettings:
    """A random forest (Breiman 2001), or one whose thresholds are drawn by chance.

    Attributes:
        trees: how many.
        leaves: least clips in a leaf that the held-out speakers choose among.
        extra: draw thresholds by chance ("extremely randomised", Geurts et al. 2006).
        balanced: let rare classes weigh as much as common ones.
    """

    trees: int = 300
    leaves: tuple[int, ...] = (1, 3)
    extra: bool = True
    balanced: bool = True


@dataclass(frozen=True, slots=True)
class BoostingSettings:
    """Gradient boosting over histograms.

    Attributes:
        rounds: of boosting.
        rates: of learning that the held-out speakers choose among.
        leaves: of a tree, at most.
        decay: penalty of the leaves' values.
        balanced: let rare classes weigh as much as common ones.
    """

    rounds: int = 100
    rates: tuple[float, ...] = (0.1,)
    leaves: int = 15
    decay: float = 1.0
    balanced: bool = True


def svm(lesson: Lesson, settings: SvmSettings) -> Fitted:
    """Fit a support vector machine.

    Args:
        lesson: what to learn from; features are one row a clip.
        settings: see `SvmSettings`.
    """
    from sklearn.svm import SVC

    columns = lesson.clean.values.shape[1]

    def make(cost: float) -> Any:
        weights = "balanced" if settings.balanced else None
        kernel = {"kernel": settings.kernel, "gamma": settings.gamma / columns}
        return _EachAgainstRest(
            [SVC(C=cost, class_weight=weights, **kernel) for _ in lesson.labels]
        )

    def write(model: Any, scaled: _Scaled) -> Fitted:
        from affetto.lab.families.graphs import Graph

        graph = Graph(len(scaled.mean))
        name = graph.standardise("features", scaled.mean, scaled.scale)
        machines = model.machines
        if settings.kernel == "linear":
            weights = np.concatenate([machine.coef_ for machine in machines]).T
        else:
            learnt = scaled.rows
            weights = np.zeros((len(learnt), len(machines)))
            for place, machine in enumerate(machines):
                weights[machine.support_, place] = machine.dual_coef_[0]
            used = np.flatnonzero(np.abs(weights).sum(axis=1))
            weights = weights[used]
            name = graph.gaussian_kernel(name, learnt[used], settings.gamma / columns)
        bias = np.concatenate([machine.intercept_ for machine in machines])
        graph.affine(name, weights, bias, output="logits")
        size = weights.size + bias.size + (0 if settings.kernel == "linear" else learnt[used].size)

        def logits(features: NDArray[np.float32]) -> NDArray[np.float32]:
            rows = scaled(features)
            said = [machine.decision_function(rows) for machine in machines]
            return np.stack(said, axis=1).astype(np.float32)

        return Fitted(graph.finish(classes=len(machines)), logits, size)

    return _choose(lesson, settings.costs, make, write, settings, "costs", parts=_PARTS)


def mlp(lesson: Lesson, settings: MlpSettings) -> Fitted:
    """Fit a multilayer perceptron.

    Args:
        lesson: what to learn from; features are one row a clip.
        settings: see `MlpSettings`.
    """
    from sklearn.neural_network import MLPClassifier

    def make(decay: float) -> Any:
        return MLPClassifier(
            settings.hidden,
            alpha=decay,
            learning_rate_init=settings.rate,
            max_iter=settings.epochs,
            random_state=lesson.seed,
        )

    def write(model: Any, scaled: _Scaled) -> Fitted:
        from affetto.lab.families.graphs import Graph

        graph = Graph(len(scaled.mean))
        name = graph.standardise("features", scaled.mean, scaled.scale)
        layers = list(zip(model.coefs_, model.intercepts_, strict=True))
        if len(lesson.labels) == 2:  # scikit-learn keeps one column where there are two classes
            last, bias = layers[-1]
            layers[-1] = np.hstack([0 * last, last]), np.hstack([0 * bias, bias])
        for weights, bias in layers[:-1]:
            name = graph.add("Relu", [graph.affine(name, weights, bias)])
        graph.affine(name, *layers[-1], output="logits")

        def logits(features: NDArray[np.float32]) -> NDArray[np.float32]:
            rows = scaled(features)
            for weights, bias in layers[:-1]:
                rows = np.maximum(rows @ weights + bias, 0.0)
            return np.asarray(rows @ layers[-1][0] + layers[-1][1], np.float32)

        size = sum(weights.size + bias.size for weights, bias in layers)
        return Fitted(graph.finish(classes=len(lesson.labels)), logits, size)

    return _choose(lesson, settings.decays, make, write, settings, "decays", parts=_PARTS)


def forest(lesson: Lesson, settings: ForestSettings) -> Fitted:
    """Fit a forest of decision trees.

    Args:
        lesson: what to learn from; features are one row a clip.
        settings: see `ForestSettings`.
    """
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

    def make(leaf: int) -> Any:
        kind = ExtraTreesClassifier if settings.extra else RandomForestClassifier
        return kind(
            settings.trees,
            min_samples_leaf=leaf,
            class_weight="balanced" if settings.balanced else None,
            random_state=lesson.seed,
            n_jobs=-1,
        )

    def write(model: Any, scaled: _Scaled) -> Fitted:
        from affetto.lab.families.graphs import Graph, Trees

        graph, trees = Graph(len(scaled.mean)), Trees(len(lesson.labels))
        size = 0
        for tree in (estimator.tree_ for estimator in model.estimators_):
            shares = tree.value[:, 0] / tree.value[:, 0].sum(axis=1, keepdims=True)
            ends = np.flatnonzero(tree.children_left < 0)
            leaves = (
                (int(node), int(place), float(shares[node, place]) / len(model.estimators_))
                for node in ends
                for place in np.flatnonzero(shares[node])
            )
            feature = np.where(tree.children_left < 0, -1, tree.feature)
            trees.add(feature, tree.threshold, tree.children_left, tree.children_right, leaves)
            size += 2 * (len(feature) - len(ends)) + len(ends)
        name = graph.standardise("features", scaled.mean, scaled.scale)
        sums = trees.onto(graph, name)
        floor = graph.constant(np.float32(_LEAST))
        graph.add("Log", [graph.add("Max", [sums, floor])], "logits")

        def logits(features: NDArray[np.float32]) -> NDArray[np.float32]:
            said = model.predict_proba(scaled(features))
            return np.asarray(np.log(np.maximum(said, _LEAST)), np.float32)

        return Fitted(graph.finish(classes=len(lesson.labels)), logits, size)

    return _choose(lesson, settings.leaves, make, write, settings, "leaves")


def boosting(lesson: Lesson, settings: BoostingSettings) -> Fitted:
    """Fit trees by gradient boosting.

    Args:
        lesson: what to learn from; features are one row a clip.
        settings: see `BoostingSettings`.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    def make(rate: float) -> Any:
        return HistGradientBoostingClassifier(
            learning_rate=rate,
            max_iter=settings.rounds,
            max_leaf_nodes=settings.leaves,
            l2_regularization=settings.decay,
            class_weight="balanced" if settings.balanced else None,
            early_stopping=False,
            max_features=0.2,
            random_state=lesson.seed,
        )

    def write(model: Any, scaled: _Scaled) -> Fitted:
        from affetto.lab.families.graphs import Graph, Trees

        graph, trees = Graph(len(scaled.mean)), Trees(len(lesson.labels))
        single = len(lesson.labels) == 2  # one sum for the second class
        size = 0
        for a_round in model._predictors:
            for place, predictor in enumerate(a_round):
                nodes = predictor.nodes
                ends = np.flatnonzero(nodes["is_leaf"])
                column = place + single
                leaves = ((int(node), column, float(nodes["value"][node])) for node in ends)
                feature = np.where(nodes["is_leaf"], -1, nodes["feature_idx"].astype(np.int64))
                sides = (nodes["left"].astype(np.int64), nodes["right"].astype(np.int64))
                trees.add(feature, nodes["num_threshold"], *sides, leaves)
                size += 2 * (len(feature) - len(ends)) + len(ends)
        start = model._baseline_prediction[0]
        start = np.array([0.0, start[0]]) if single else start
        name = graph.standardise("features", scaled.mean, scaled.scale)
        graph.add("Identity", [trees.onto(graph, name, start=start)], "logits")

        def logits(features: NDArray[np.float32]) -> NDArray[np.float32]:
            said = model.decision_function(scaled(features))
            if single:
                said = np.stack([np.zeros_like(said), said], axis=1)
            return np.asarray(said, np.float32)

        return Fitted(graph.finish(classes=len(lesson.labels)), logits, size)

    return _choose(lesson, settings.rates, make, write, settings, "rates")


@dataclass(frozen=True)
class _Scaled:
    """Rows standardised as the training clips need it, in 32 bits as the graph does it.

    Attributes:
        mean: (columns,).
        scale: (columns,).
        rows: the training clips' own, (clips, columns).
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    rows: NDArray[np.float32]

    @classmethod
    def of(cls, features: NDArray[np.float32]) -> _Scaled:
        """Standardise training clips."""
        mean = features.mean(axis=0, dtype=np.float64).astype(np.float32)
        spread = features.std(axis=0, dtype=np.float64).astype(np.float32)
        scale = np.where(spread > 1e-6, spread, np.float32(1.0))
        return cls(mean, scale, _cut((features - mean) / scale))

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return _cut((features - self.mean) / self.scale)


def _cut(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut standardised features as `Graph.standardise` does."""
    from affetto.lab.families.graphs import FARTHEST

    return np.clip(rows, -FARTHEST, FARTHEST).astype(np.float32)


@dataclass(frozen=True)
class _EachAgainstRest:
    """One machine a class, which tells it from all others."""

    machines: list[Any]

    def fit(self, rows: NDArray[np.float32], target: NDArray[np.int64]) -> _EachAgainstRest:
        for place, machine in enumerate(self.machines):
            machine.fit(rows, target == place)
        return self


def _choose(
    lesson: Lesson,
    values: tuple[Any, ...],
    make: Callable[[Any], Any],
    write: Callable[[Any, _Scaled], Fitted],
    settings: Any,
    name: str,
    *,
    parts: int = 1,
) -> Fitted:
    """Let clips that were held out choose a value, then learn from all clips with it."""
    splits = _splits(lesson, parts)
    scores: dict[str, float] = {}
    best: tuple[float, Any, HeldOut | None] = (-1.0, values[0], None)
    for value in values if splits else ():
        judged = []
        for learn, judge in splits:
            features, target = _rows(lesson, learn)
            scaled = _Scaled.of(features)
            fitted = write(_fit(make(value), scaled.rows, target), scaled)
            judged.append(fitted.logits(lesson.clean.stacked(judge)))
        clips = np.concatenate([judge for _, judge in splits])
        logits = np.concatenate(judged)
        score = float(uar(lesson.target[clips], logits.argmax(axis=1)))
        scores[f"{value:g}"] = round(score, 4)
        if lesson.report is not None:
            lesson.report(f"{name} {value:g}: score {score:.3f} on held-out clips")
        if lesson.check is not None:
            lesson.check(len(scores), score)
        if score > best[0]:
            best = score, value, HeldOut(clips, logits)
    features, target = _rows(lesson, lesson.everything())
    scaled = _Scaled.of(features)
    fitted = write(_fit(make(best[1]), scaled.rows, target), scaled)
    notes = {"settings": settings, "chosen": {name: best[1]}, "scores": scores}
    return Fitted(fitted.onnx, fitted.logits, fitted.parameters, notes, best[2])


def _splits(lesson: Lesson, parts: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Give what to learn from and what to judge in turn, speaker by speaker where that is known.

    A part without all of the classes is left to the one split that the lesson has.
    """
    usual = [(lesson.train, lesson.validation)] if len(lesson.validation) else []
    clips = lesson.everything()
    few = lesson.groups is None or len(np.unique(lesson.groups[clips])) < 2
    if few or parts < 2 or len(clips) > _MANY:
        return usual
    from sklearn.model_selection import GroupKFold

    assert lesson.groups is not None
    groups = lesson.groups[clips]
    folds = GroupKFold(min(parts, len(np.unique(groups)))).split(clips, groups=groups)
    splits = [(clips[learn], clips[judge]) for learn, judge in folds]
    known = set(lesson.target[clips].tolist())
    whole = all(set(lesson.target[learn].tolist()) == known for learn, _ in splits)
    return splits if whole else usual


def _rows(
    lesson: Lesson, clips: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Give the rows and classes of clips, with all their altered variants."""
    rows = np.concatenate([arrays.stacked(clips) for arrays in lesson.arrays])
    return rows, np.tile(lesson.target[clips], len(lesson.arrays))


def _fit(model: Any, rows: NDArray[np.float32], target: NDArray[np.int64]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an iteration limit that was meant
        return model.fit(rows, target)
