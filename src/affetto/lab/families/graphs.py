"""The classical models as ONNX graphs, written node by node from what scikit-learn learnt.

A threshold that is compared with a 32-bit feature is rounded down to 32 bits, which changes no
comparison; so trees answer exactly as they do in scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["FARTHEST", "Graph", "Trees"]

_OPSET = 17

FARTHEST = 3.0
"""Deviations at which a feature is cut: other rooms and microphones lie far out."""


@dataclass
class Graph:
    """A graph in the making, from `features` (n, columns) to `logits` (n, classes).

    Examples:
        >>> graph = Graph(columns=2)
        >>> name = graph.standardise("features", np.zeros(2), np.full(2, 2.0))
        >>> graph.affine(name, np.eye(2), np.ones(2), output="logits")
        'logits'
        >>> import onnxruntime
        >>> session = onnxruntime.InferenceSession(graph.finish(classes=2))
        >>> session.run(None, {"features": np.array([[2.0, 4.0]], np.float32)})[0].tolist()
        [[2.0, 3.0]]
    """

    columns: int
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def add(self, kind: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        """Add a node; give the name of what it makes."""
        output = output or f"v{len(self.nodes)}"
        domain = "ai.onnx.ml" if kind.startswith("TreeEnsemble") else ""
        self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def constant(self, values: NDArray[Any] | np.floating[Any]) -> str:
        """Add 32-bit numbers (or whole ones as they are); give their name."""
        name = f"c{len(self.constants)}"
        kind = np.int64 if values.dtype.kind == "i" else np.float32
        self.constants.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def standardise(self, name: str, mean: NDArray[Any], scale: NDArray[Any]) -> str:
        """Take off the mean and divide by the scale, (columns,); cut what is far from both."""
        centred = self.add("Sub", [name, self.constant(mean)])
        scaled = self.add("Div", [centred, self.constant(scale)])
        edges = [self.constant(np.float32(edge)) for edge in (-FARTHEST, FARTHEST)]
        return self.add("Clip", [scaled, *edges])

    def affine(
        self, name: str, weights: NDArray[Any], bias: NDArray[Any], *, output: str = ""
    ) -> str:
        """Multiply by weights, (columns, outputs), and add a bias, (outputs,)."""
        return self.add("Gemm", [name, self.constant(weights), self.constant(bias)], output)

    def gaussian_kernel(self, name: str, vectors: NDArray[Any], gamma: float) -> str:
        """Give exp(-gamma |x - v|²) for each of the vectors, (n, vectors)."""
        own = self.add("ReduceSumSquare", [name], axes=[1], keepdims=1)
        theirs = self.constant((vectors.astype(np.float64) ** 2).sum(axis=1)[None])
        both = self.add("MatMul", [name, self.constant(-2.0 * vectors.T)])
        distance = self.add("Add", [self.add("Add", [both, own]), theirs])
        near = self.add("Relu", [distance])  # rounding can take a distance below nothing
        return self.add("Exp", [self.add("Mul", [near, self.constant(np.float32(-gamma))])])

    def finish(self, *, classes: int) -> bytes:
        """Give the graph as the bytes of an ONNX file."""
        graph = helper.make_graph(
            self.nodes,
            "affetto",
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", self.columns])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", classes])],
            self.constants,
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", 3)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        checker.check_model(model)
        content: bytes = model.SerializeToString()
        return content


@dataclass
class Trees:
    """The nodes of an ensemble of decision trees whose leaves' values are summed.

    Args:
        classes: values in a sum.
    """

    classes: int
    rows: dict[str, list[Any]] = field(default_factory=dict)
    trees: int = 0

    def add(
        self,
        feature: NDArray[Any],
        threshold: NDArray[Any],
        left: NDArray[Any],
        right: NDArray[Any],
        leaves: Iterable[tuple[int, int, float]],
    ) -> None:
        """Add a tree.

        Args:
            feature: column that each node looks at; below 0 for a leaf.
            threshold: a node goes left where its column is not above.
            left: number of the node to the left.
            right: number of the node to the right.
            leaves: number of a leaf, class, and what it adds to that class.
        """
        tree, self.trees = self.trees, self.trees + 1
        branch = feature >= 0
        rounded = threshold.astype(np.float32)
        above = rounded.astype(np.float64) > threshold
        rounded[above] = np.nextafter(rounded[above], np.float32(-np.inf))
        nodes = {
            "nodes_treeids": [tree] * len(feature),
            "nodes_nodeids": list(range(len(feature))),
            "nodes_featureids": np.where(branch, feature, 0).tolist(),
            "nodes_values": np.where(branch, rounded, 0.0).tolist(),
            "nodes_modes": ["BRANCH_LEQ" if is_branch else "LEAF" for is_branch in branch],
            "nodes_truenodeids": np.where(branch, left, 0).tolist(),
            "nodes_falsenodeids": np.where(branch, right, 0).tolist(),
        }
        leaves = list(leaves)
        nodes |= {
            "target_treeids": [tree] * len(leaves),
            "target_nodeids": [int(node) for node, _, _ in leaves],
            "target_ids": [int(place) for _, place, _ in leaves],
            "target_weights": [float(value) for _, _, value in leaves],
        }
        for name, values in nodes.items():
            self.rows.setdefault(name, []).extend(values)

    def onto(self, graph: Graph, name: str, *, start: NDArray[Any] | None = None) -> str:
        """Add the ensemble to a graph; give the name of the sums, (n, classes).

        Args:
            graph: where to.
            name: of the features.
            start: what each sum starts from, (classes,).
        """
        attributes: dict[str, Any] = dict(self.rows)
        if start is not None:
            attributes["base_values"] = np.asarray(start, np.float32).tolist()
        return graph.add(
            "TreeEnsembleRegressor",
            [name],
            n_targets=self.classes,
            aggregate_function="SUM",
            post_transform="NONE",
            **attributes,
        )
