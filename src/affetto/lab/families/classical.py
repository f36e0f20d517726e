"""The classical families: scikit-learn on one row of numbers a clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from affetto.jobs.threads import own_share
from affetto.lab.families.choosing import PARTS, choose
from affetto.lab.families.lesson import Fitted
from affetto.lab.families.settings import WIDEST, check_bounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from affetto.lab.families.choosing import Scaled
    from affetto.lab.families.lesson import Lesson

__all__ = [
    "BoostingSettings",
    "ForestSettings",
    "LogisticSettings",
    "MlpSettings",
    "SvmSettings",
    "boosting",
    "forest",
    "logistic",
    "mlp",
    "svm",
]

_LEAST = 1e-6
"""Of a probability whose logarithm is taken."""


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

    def __post_init__(self) -> None:
        check_bounds(self, above={"costs": 0, "gamma": 0})


@dataclass(frozen=True, slots=True)
class LogisticSettings:
    """A multinomial logistic regression.

    Attributes:
        costs: values of C that the held-out speakers choose among.
        balanced: let rare classes weigh as much as common ones.
    """

    costs: tuple[float, ...] = (0.001, 0.01, 0.1)
    balanced: bool = True

    def __post_init__(self) -> None:
        check_bounds(self, above={"costs": 0})


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

    def __post_init__(self) -> None:
        check_bounds(
            self,
            above={"rate": 0},
            least={"hidden": 1, "decays": 0, "epochs": 1},
            most={"hidden": WIDEST},
        )


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

    def __post_init__(self) -> None:
        check_bounds(self, least={"trees": 1, "leaves": 1})


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

    def __post_init__(self) -> None:
        check_bounds(self, above={"rates": 0}, least={"rounds": 1, "leaves": 2, "decay": 0})


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

    def write(model: Any, scaled: Scaled) -> Fitted:
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

    return choose(lesson, settings.costs, make, write, settings, "costs", parts=PARTS)


def logistic(lesson: Lesson, settings: LogisticSettings) -> Fitted:
    """Fit a logistic regression.

    Args:
        lesson: what to learn from; features are one row a clip.
        settings: see `LogisticSettings`.
    """
    from sklearn.linear_model import LogisticRegression

    def make(cost: float) -> Any:
        weights = "balanced" if settings.balanced else None
        return LogisticRegression(C=cost, class_weight=weights, max_iter=500)

    def write(model: Any, scaled: Scaled) -> Fitted:
        from affetto.lab.families.graphs import Graph

        weights, bias = _a_column_each(model.coef_.T, model.intercept_, len(lesson.labels))
        graph = Graph(len(scaled.mean))
        name = graph.standardise("features", scaled.mean, scaled.scale)
        graph.affine(name, weights, bias, output="logits")

        def logits(features: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.asarray(scaled(features) @ weights + bias, np.float32)

        size = weights.size + bias.size
        return Fitted(graph.finish(classes=len(lesson.labels)), logits, size)

    return choose(lesson, settings.costs, make, write, settings, "costs", parts=PARTS)


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

    def write(model: Any, scaled: Scaled) -> Fitted:
        from affetto.lab.families.graphs import Graph

        graph = Graph(len(scaled.mean))
        name = graph.standardise("features", scaled.mean, scaled.scale)
        layers = list(zip(model.coefs_, model.intercepts_, strict=True))
        layers[-1] = _a_column_each(*layers[-1], len(lesson.labels))
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

    return choose(lesson, settings.decays, make, write, settings, "decays", parts=PARTS)


def _a_column_each(
    weights: NDArray[Any], bias: NDArray[Any], classes: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give a last layer a column for each class: of two, scikit-learn keeps the second alone."""
    if classes > 2:
        return weights, bias
    return np.hstack([0 * weights, weights]), np.hstack([0 * bias, bias])


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
            n_jobs=own_share(),
        )

    def write(model: Any, scaled: Scaled) -> Fitted:
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

    return choose(lesson, settings.leaves, make, write, settings, "leaves")


def boosting(lesson: Lesson, settings: BoostingSettings) -> Fitted:
    """Fit trees by gradient boosting.

    Args:
        lesson: what to learn from; features are one row a clip.
        settings: see `BoostingSettings`.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    # Of a few clips, no part would hold as many as scikit-learn wants: no tree would branch.
    leaf = min(20, max(1, len(lesson.train) // 15))

    def make(rate: float) -> Any:
        return HistGradientBoostingClassifier(
            learning_rate=rate,
            max_iter=settings.rounds,
            max_leaf_nodes=settings.leaves,
            min_samples_leaf=leaf,
            l2_regularization=settings.decay,
            class_weight="balanced" if settings.balanced else None,
            early_stopping=False,
            max_features=0.2,
            random_state=lesson.seed,
        )

    def write(model: Any, scaled: Scaled) -> Fitted:
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

    return choose(lesson, settings.rates, make, write, settings, "rates")


@dataclass(frozen=True)
class _EachAgainstRest:
    """One machine a class, which tells it from all others."""

    machines: list[Any]

    def fit(self, rows: NDArray[np.float32], target: NDArray[np.int64]) -> _EachAgainstRest:
        for place, machine in enumerate(self.machines):
            machine.fit(rows, target == place)
        return self
