"""What is exported says what torch says."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnxruntime

from affetto.lab.export import encoder_onnx, head_onnx
from affetto.lab.student import Student
from tiny_training import ENCODER


@pytest.fixture(scope="module")
def student():
    torch.manual_seed(0)
    student = Student(3, 4, ENCODER)
    with torch.no_grad():
        student.train()
        student.pooled(torch.randn(4, 100, 64))  # statistics that aren't those of the start
        for reading in (student.head.plain, student.head.relative):
            reading.linear.weight.normal_()
        student.head.mean.normal_()
        student.head.scale.uniform_(0.5, 2.0)
    return student.eval()


def session(network):
    return onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])


def test_the_encoder_at_any_length_and_batch(student):
    network = session(encoder_onnx(student))
    receptive, stride = ENCODER.receptive, ENCODER.stride
    random = np.random.default_rng(0)
    for batch, frames in (
        (1, receptive),
        (1, receptive + 3),
        (3, receptive + 7 * stride),
        (2, 333),
    ):
        features = random.normal(-4.0, 2.0, (batch, frames, 64)).astype(np.float32)
        found = network.run(["frames", "speech", "voice"], {"features": features})
        with torch.inference_mode():
            wanted = student.encoder(torch.from_numpy(features))
        assert found[0].shape == (batch, (frames - receptive) // stride + 1, ENCODER.width)
        for one, other in zip(found, wanted, strict=True):
            assert np.abs(one - other.numpy()).max() < 1e-4


def test_the_head_for_any_count_with_and_without_a_baseline(student):
    network = session(head_onnx(student))
    random = np.random.default_rng(0)
    mean = student.head.mean.numpy()
    for count in (1, 2, 7):
        pooled = random.normal(size=(count, 32)).astype(np.float32)
        baseline = np.broadcast_to(mean, (count, 32)).copy()
        baseline[::2] += 0.3
        (found,) = network.run(["logits"], {"pooled": pooled, "baseline": baseline})
        with torch.inference_mode():
            wanted = student.head(torch.from_numpy(pooled), torch.from_numpy(baseline)).numpy()
        assert np.abs(found - wanted).max() < 1e-4
