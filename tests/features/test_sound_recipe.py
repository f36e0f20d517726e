"""The recipe of models that hear the sound itself."""

import numpy as np
import pytest

from affetto.errors import OptionError
from affetto.features.recipe import FeatureRecipe


def noise(length: int = 20_000) -> np.ndarray:
    return (0.02 * np.random.default_rng(0).standard_normal(length)).astype(np.float32)


def test_a_sound_stays_as_long_as_it_is():
    made = FeatureRecipe("sound")(noise(12_345))
    assert made.shape == (12_345,)
    assert made.dtype == np.float32


def test_a_gain_is_not_heard_unless_it_shall_be():
    levelled, plain = FeatureRecipe("sound"), FeatureRecipe("sound", level=False)
    np.testing.assert_allclose(levelled(4 * noise()), levelled(noise()), atol=1e-5)
    np.testing.assert_array_equal(plain(noise()), noise())


def test_a_normalised_sound_has_mean_0_and_variance_1():
    made = FeatureRecipe("sound", level=False, normalise=True)(noise() + np.float32(0.1))
    assert made.mean() == pytest.approx(0.0, abs=1e-5)
    assert made.std() == pytest.approx(1.0, abs=1e-2)


@pytest.mark.parametrize("length", [0, 1, 500])
def test_a_sound_of_hardly_anything_is_filled_up_with_silence(length):
    made = FeatureRecipe("sound", level=False)(noise(length))
    assert made.shape == (1_600,)
    assert not made[length:].any()


def test_what_the_recipe_says_can_be_read_again():
    recipe = FeatureRecipe("sound", normalise=True)
    assert FeatureRecipe.from_dict(recipe.to_dict()) == recipe
    assert "normalise" not in FeatureRecipe("row").to_dict()  # their cards are as they were


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"kind": "sound", "length": 100}, "found length 100 of a sound, expected none"),
        ({"kind": "row", "normalise": True}, "normalise beside kind row"),
        ({"kind": "sound", "normalise": "yes"}, "expected true or false"),
    ],
)
def test_what_no_sound_has_is_refused(row, said):
    with pytest.raises(OptionError, match=said):
        FeatureRecipe.from_dict(row)
