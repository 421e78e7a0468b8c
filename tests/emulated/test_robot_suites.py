"""The Robot suites for Renode, run on keywords that the embedded emulator carries out, and by robot --dryrun."""

import io
from pathlib import Path

import pytest
from graphs import tiny_classifier, tiny_detector

from mcu_vision.cli.pipeline import Build, build_model
from mcu_vision.ir import Graph
from mcu_vision.plan import PlanOptions
from mcu_vision.resources import resource
from mcu_vision.saved_model import save_graph

running = pytest.importorskip("robot.running")
KEYWORDS = Path(__file__).resolve().parents[1] / "renode_keywords.py"
SUITES = sorted(resource("renode").glob("*.robot"))


def build(graph: Graph, folder: Path, source: str = "frame") -> Build:
    path = folder / f"{graph.name}.safetensors"
    save_graph(graph, path)
    return build_model(str(path), "stm32f439", "zig", folder / "build", PlanOptions(input=source))


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Build]:
    detector = tiny_detector()
    detector.metadata["task"] = "detect"
    rows = tiny_classifier()
    rows.name = "tiny-rows"
    folder = tmp_path_factory.mktemp("robot")
    return {
        "detector": build(detector, folder),
        "classifier": build(tiny_classifier(), folder),
        "rows": build(rows, folder, "rows"),
    }


def run(suite_file: Path, sample: Path, dryrun: bool = False) -> dict[str, str]:
    """Status by test. The variable is put where the command line would put it."""
    suite = running.TestSuite.from_file_system(str(suite_file))
    suite.resource.imports.library(str(KEYWORDS))
    output = io.StringIO()
    result = suite.run(
        dryrun=dryrun, variable=f"SAMPLE:{sample}", output=None, log=None, report=None, stdout=output, stderr=output
    )
    statuses = {test.name: test.status for test in result.suite.tests}
    assert "FAIL" not in statuses.values(), output.getvalue()
    return statuses


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.stem)
def test_suites_pass_a_dry_run(builds: dict[str, Build], suite: Path) -> None:
    statuses = run(suite, builds["detector"].folder / "renode" / "sample.resource", dryrun=True)
    assert set(statuses.values()) == {"PASS"}


@pytest.mark.parametrize(
    ("suite", "model", "passing"),
    [
        ("boot", "detector", 6),
        ("boot", "rows", 5),
        ("detector", "detector", 2),
        ("detector", "rows", 1),
        ("rows", "rows", 3),
        ("rows", "classifier", 0),
        ("wake_words", "detector", 0),
    ],
)
def test_suites_pass_on_the_embedded_emulator(builds: dict[str, Build], suite: str, model: str, passing: int) -> None:
    statuses = run(resource("renode", f"{suite}.robot"), builds[model].folder / "renode" / "sample.resource")
    assert list(statuses.values()).count("PASS") == passing


def test_wake_words_suite_wakes_where_the_reference_does(builds: dict[str, Build], tmp_path: Path) -> None:
    folder = builds["classifier"].folder / "renode"
    sample = folder / "sample.resource"
    text = sample.read_text()
    # The tiny network was never trained, so the suite is told that it tells the images apart.
    told = folder / "told.resource"
    told.write_text(text.replace("${PHOTO_CLASS}    ", "${PHOTO_CLASS}    other"))
    statuses = run(resource("renode", "wake_words.robot"), told)
    assert list(statuses.values()) == ["PASS", "PASS"]


def test_a_wrong_output_fails_a_suite(builds: dict[str, Build]) -> None:
    folder = builds["detector"].folder / "renode"
    wrong = folder / "wrong.resource"
    text = (folder / "sample.resource").read_text()
    checksum = text.split("@{BLANK_CHECKSUMS}    ")[1][:8]
    wrong.write_text(text.replace(checksum, f"{int(checksum, 16) ^ 1:08X}"))
    with pytest.raises(AssertionError, match="no line 'm-crc-"):
        run(resource("renode", "detector.robot"), wrong)
