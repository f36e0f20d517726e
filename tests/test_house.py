"""What the house says of itself is true: its pages, its licences, its pins, its tasks."""

import ast
import importlib
import importlib.metadata
import importlib.util
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import affetto

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "benchmarks").glob("*.md"),
        *(ROOT / "examples").glob("*.md"),
        *(ROOT / "src").rglob("*.md"),
    ]
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^(?P=indent)```", re.M | re.S
)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)[^)]*\)|<img[^>]*\ssrc=\"(?P<source>[^\"]+)\"")
ADDRESS = re.compile(r"https?://|file:|index-url|find-links|trusted-host|\s@\s")


def snippets(page: Path, *languages: str) -> Iterator[str]:
    """Give the fenced pieces of code of a page."""
    for match in FENCE.finditer(page.read_text("utf-8")):
        if match["language"] in languages:
            yield textwrap.dedent(match["body"])


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def cases(*languages: str) -> list[object]:
    return [
        pytest.param(code, id=f"{name_of(page)}-{number}")
        for page in PAGES
        for number, code in enumerate(snippets(page, *languages), start=1)
    ]


@pytest.mark.parametrize("code", cases("python", "py"))
def test_python_in_the_pages_compiles_and_names_what_exists(code: str) -> None:
    if ">>>" in code:
        code = "\n".join(line[4:] for line in code.splitlines() if line[:4] in (">>> ", "... "))
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "affetto"
        ):
            assert hasattr(affetto, node.attr), f"affetto.{node.attr} does not exist"
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("affetto"):
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                found = hasattr(module, alias.name) or importlib.util.find_spec(
                    f"{node.module}.{alias.name}"
                )
                assert found, ast.unparse(node)


def test_the_first_snippet_of_the_readme_runs() -> None:
    code = next(snippets(ROOT / "README.md", "python"))
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code],
        check=False,
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert " s  " in done.stdout, "the example recording should have a segment"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_and_pictures_exist(page: Path) -> None:
    text = FENCE.sub("", page.read_text("utf-8"))
    targets = [match["target"] or match["source"] for match in LINK.finditer(text)]
    local = [target.partition("#")[0] for target in targets if not re.match(r"\w+:|#", target)]
    missing = [target for target in local if not (page.parent / target).exists()]
    assert not missing, f"{name_of(page)} points to what is not there: {missing}"


def test_every_verb_that_the_pages_use_exists() -> None:
    from affetto.cli.verbs import VERBS

    known = {name for name, verb in VERBS.items() if importlib.util.find_spec(verb.module)}
    for page in PAGES:
        for code in snippets(page, "sh", "bash", "console"):
            for verb in re.findall(r"^\s*(?:\$ )?affetto ([a-z]+)", code, re.M):
                assert verb in known, f"{name_of(page)} uses affetto {verb}"


def test_every_task_that_the_pages_use_exists() -> None:
    tasks = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    for page in PAGES:
        text = page.read_text("utf-8")
        used = set(re.findall(r"`make ([a-z]+)", text))
        for code in snippets(page, "sh", "bash", "console"):
            used |= set(re.findall(r"^make ([a-z]+)", code, re.M))
        assert used <= tasks, f"{name_of(page)} uses make {sorted(used - tasks)}"


def test_every_extra_that_the_pages_use_exists() -> None:
    extras = set(PROJECT["optional-dependencies"])
    for page in PAGES:
        for names in re.findall(r"(?:affetto|\.)\[([a-z,]+)\]", page.read_text("utf-8")):
            assert set(names.split(",")) <= extras, f"{name_of(page)} uses [{names}]"


def test_every_extra_that_an_error_names_exists() -> None:
    named = {
        extra
        for path in (ROOT / "src").rglob("*.py")
        for extra in re.findall(r'extra="([a-z]+)"', path.read_text("utf-8"))
    }
    assert named <= set(PROJECT["optional-dependencies"])


def test_no_page_lies_outside_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:")[2]
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").glob("*.md")}
    assert pages == set(re.findall(r"[\w-]+\.md", navigation))


def test_every_dependency_is_pinned_without_an_address() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", pin) for pin in pins)
    pinned = {plain(pin.partition("==")[0]) for pin in pins}
    wanted = PROJECT["dependencies"] + [
        line for lines in PROJECT["optional-dependencies"].values() for line in lines
    ]
    missing = {requirement(line) for line in wanted} - pinned - {"affetto"}
    assert not missing


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml", "Makefile", ".ci/run"])
def test_no_address_of_a_registry_is_written_down(name: str) -> None:
    assert not ADDRESS.search((ROOT / name).read_text("utf-8"))


def test_the_core_is_light() -> None:
    heavy = {"torch", "transformers", "librosa", "pandas", "scikit-learn", "matplotlib", "numba"}
    assert not heavy & {requirement(line) for line in PROJECT["dependencies"]}


def test_the_version_is_one() -> None:
    assert PROJECT["version"] == affetto.__version__
    assert importlib.metadata.version("affetto") == affetto.__version__


def test_both_licences_are_named() -> None:
    expression = importlib.metadata.metadata("affetto")["License-Expression"]
    assert expression == "Apache-2.0 AND LicenseRef-Affetto-Weights-NonCommercial"
    assert all((ROOT / name).is_file() for name in PROJECT["license-files"])
    first_screen = "\n".join((ROOT / "README.md").read_text("utf-8").splitlines()[:30])
    assert "non-commercial" in first_screen
    assert "Apache-2.0" in first_screen


def plain(name: str) -> str:
    """Normalise a package's name as PEP 503 has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement(line: str) -> str:
    """Give the name of the package that a requirement asks for."""
    return plain(re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0])


@pytest.mark.parametrize("name", ["constraints.txt", "web/package-lock.json"])
def test_what_is_pinned_is_pinned_without_an_address(name: str) -> None:
    assert "://" not in (ROOT / name).read_text("utf-8")
