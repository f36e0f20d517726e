"""Features by a description: any sound, any gain, any card."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.errors import AudioError, MissingExtraError, OptionError
from affetto.features.recipe import FeatureRecipe, fit_length, paint

RECIPES = {
    "row": FeatureRecipe("row"),
    "functionals": FeatureRecipe(
        "row", parts=("functionals", "mfcc"), statistics=("mean", "std"), mfcc=13
    ),
    "frames": FeatureRecipe("frames", length=50),
    "all frames": FeatureRecipe("frames", parts=("mfcc",), hop=256),
    "picture": FeatureRecipe("picture", size=48),
    "as it is": FeatureRecipe("frames", parts=("mel", "chroma"), mel=64, level=False),
}


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    """Make a second and a half of harmonics that come and go, over noise."""
    random = np.random.default_rng(1)
    time = np.arange(24_000) / 16_000
    phase = 2 * np.pi * np.cumsum(170 + 30 * np.sin(2 * np.pi * 1.1 * time)) / 16_000
    tone = sum(np.sin(k * phase) / k for k in range(1, 9))
    tone *= 0.1 * (np.sin(2 * np.pi * 1.5 * time) > -0.4)
    return (tone + 0.002 * random.standard_normal(len(time))).astype(np.float32)


def agrees(recipe: FeatureRecipe, made: np.ndarray) -> bool:
    return len(recipe.shape) == made.ndim and all(
        wanted is None or wanted == size
        for wanted, size in zip(recipe.shape, made.shape, strict=True)
    )


counts = st.integers(1, 40)
recipes = st.builds(
    FeatureRecipe,
    st.just("row"),
    parts=st.permutations(["mfcc", "chroma", "mel", "functionals"]).flatmap(
        lambda parts: st.integers(1, 4).map(lambda n: tuple(parts[:n]))
    ),
    statistics=st.sampled_from([("mean",), ("std",), ("std", "mean")]),
    mfcc=counts,
    mel=st.integers(40, 128),
    hop=st.integers(16, 1024),
    length=st.none() | st.integers(1, 500),
    size=st.integers(32, 256),
    level=st.booleans(),
) | st.builds(
    FeatureRecipe,
    st.sampled_from(["frames", "picture"]),
    parts=st.sampled_from([("mfcc",), ("mel", "mfcc"), ("chroma", "mel")]),
    mfcc=counts,
    mel=st.integers(40, 128),
    hop=st.integers(16, 1024),
    length=st.none() | st.integers(1, 500),
    size=st.integers(32, 256),
    level=st.booleans(),
)


@given(recipes)
@settings(deadline=None)
def test_a_recipe_comes_back_from_a_card(recipe: FeatureRecipe) -> None:
    assert FeatureRecipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


@given(
    st.dictionaries(
        st.sampled_from([*FeatureRecipe("row").to_dict(), "other"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=5)
        | st.sampled_from(["row", "frames", "picture"])
        | st.lists(st.sampled_from(["mfcc", "mel", "mean", "std", 3]), max_size=3)
        | st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
    )
)
@settings(max_examples=400, deadline=None)
def test_what_is_no_recipe_is_refused_in_one_line(row: dict[str, Any]) -> None:
    try:
        recipe = FeatureRecipe.from_dict(row)
    except OptionError as error:
        said = str(error)
    else:
        assert FeatureRecipe.from_dict(recipe.to_dict()) == recipe
        return
    assert "\n" not in said
    assert "expected" in said


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({}, "without a kind"),
        ({"kind": "cepstrum"}, "found kind cepstrum, expected some of row, frames, picture"),
        ({"kind": ["row"]}, "found kind"),
        ({"kind": "frames", "parts": ["functionals"]}, "found parts functionals"),
        ({"kind": "row", "parts": []}, "found parts none"),
        ({"kind": "row", "parts": ["mel", "mel"]}, "each once"),
        ({"kind": "row", "parts": "mel"}, "expected a list"),
        ({"kind": "row", "mfcc": None}, "found mfcc None, expected a whole number"),
        ({"kind": "row", "mfcc": 200}, "200 MFCCs of 128 mel bands"),
        ({"kind": "row", "hop": 2.5}, "found hop 2.5, expected a whole number"),
        ({"kind": "row", "hop": True}, "found hop True"),
        ({"kind": "row", "mel": 10**9}, "found mel 1000000000, expected 4 to 512"),
        ({"kind": "frames", "length": 0}, "found length 0"),
        ({"kind": "row", "level": "yes"}, "found level 'yes', expected true or false"),
        ({"kind": "row", "pitch": 1, 3: 4}, "found the field 3"),
    ],
)
def test_what_is_wrong_is_named(row: dict[Any, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        FeatureRecipe.from_dict(row)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("samples", [0, 1, 50, 399, 401, 16_000])
@pytest.mark.parametrize("sound", ["nothing", "a constant", "noise", "the faintest"])
def test_any_sound_has_finite_features(name: str, samples: int, sound: str) -> None:
    made = {
        "nothing": np.zeros(samples),
        "a constant": np.full(samples, 0.5),
        "noise": np.random.default_rng(0).uniform(-1, 1, samples),
        "the faintest": np.full(samples, 1e-30),
    }[sound]
    features = RECIPES[name](made.astype(np.float32))
    assert np.isfinite(features).all()
    assert features.dtype == np.float32
    assert agrees(RECIPES[name], features)
    assert RECIPES[name].kind != "frames" or len(features) > 0


@pytest.mark.parametrize(
    "sound", [np.zeros((2, 100), np.float32), np.zeros(9, np.int16), np.full(9, np.nan, np.float32)]
)
def test_what_is_no_sound_is_refused(sound: np.ndarray) -> None:
    for recipe in RECIPES.values():
        with pytest.raises(AudioError, match="expected"):
            recipe(sound)


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "as it is"])
@given(gain=st.floats(0.01, 10.0))
@settings(max_examples=5, deadline=None)
def test_no_gain_is_heard(name: str, gain: float, voice: np.ndarray) -> None:
    recipe = RECIPES[name]
    plain, louder = recipe(voice), recipe(voice * np.float32(gain))
    # Frequencies are in hertz, so rounding is told against the size of each number.
    limit = 1e-4 * np.maximum(1.0, np.abs(plain))
    assert (np.abs(louder - plain) <= limit).all()


def test_a_level_that_is_left_is_heard(voice: np.ndarray) -> None:
    recipe = RECIPES["as it is"]
    assert np.abs(recipe(voice) - recipe(0.1 * voice)).max() > 1.0


@pytest.mark.parametrize("name", RECIPES)
def test_features_stand_under_their_names(name: str, voice: np.ndarray) -> None:
    recipe = RECIPES[name]
    assert agrees(recipe, recipe(voice))
    assert len(set(recipe.names)) == len(recipe.names)
    if recipe.kind != "picture":
        assert recipe(voice).shape[-1] == len(recipe.names)


def test_a_statistic_is_that_of_the_frames(voice: np.ndarray) -> None:
    frames = FeatureRecipe("frames", parts=("mel", "mfcc"))
    row = FeatureRecipe("row", parts=("mel", "mfcc"), statistics=("std", "mean"))
    rows = frames(voice)
    expected = np.concatenate([rows.std(axis=0), rows.mean(axis=0)])
    np.testing.assert_allclose(row(voice), expected, atol=1e-5)
    assert row.names[0] == "mel0_std"
    assert row.names[-1] == "mfcc39_mean"


def test_a_length_is_how_much_is_heard(voice: np.ndarray) -> None:
    recipe = RECIPES["frames"]
    assert recipe.seconds == 50 * 512 / 16_000
    assert recipe.whole().seconds is None
    np.testing.assert_array_equal(recipe(voice), fit_length(recipe.whole()(voice), 50))


def test_pictures_are_kept_grey_and_painted(voice: np.ndarray) -> None:
    recipe = RECIPES["picture"]
    grey = recipe.raw(voice)
    assert grey.dtype == np.uint8
    np.testing.assert_array_equal(paint(grey), recipe(voice))
    assert 0.0 <= recipe(voice).min() < recipe(voice).max() <= 1.0


@pytest.mark.filterwarnings("ignore:Segment too short")
@pytest.mark.parametrize("part", ["egemaps", "compare"])
def test_the_sets_of_opensmile(part: str, voice: np.ndarray) -> None:
    recipe = FeatureRecipe("row", parts=(part,))
    try:
        shape = recipe.shape
    except MissingExtraError as error:
        pytest.skip(str(error))
    assert shape == ({"egemaps": 88, "compare": 6373}[part],)
    made = recipe(voice)
    assert agrees(recipe, made)
    for sound in (np.zeros(0), np.zeros(1), np.zeros(8000)):
        short = recipe(sound.astype(np.float32))
        assert agrees(recipe, short)
        assert np.isfinite(short).all()
