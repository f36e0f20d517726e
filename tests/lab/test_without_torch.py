"""The classical families, and what they need, where torch is not installed."""

import subprocess
import sys

_CODE = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("no torch here")

sys.meta_path.insert(0, NoTorch())
import affetto.lab.adaptation, affetto.lab.comparison, affetto.lab.families.build
import affetto.lab.families.classical, affetto.lab.saved_features, affetto.lab.model_card
print("fine")
"""


def test_what_needs_no_torch_asks_for_none() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CODE], capture_output=True, text=True, check=False
    )
    assert done.stdout == "fine\n", done.stderr
