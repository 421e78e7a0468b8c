"""Test results as JUnit XML, which continuous-integration servers read."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree


@dataclass(frozen=True)
class TestCase:
    """One check: how long it took, and why it failed; None: it passed."""

    __test__ = False  # of pytest, which would collect it by its name

    group: str
    name: str
    seconds: float
    failure: str | None = None


def junit_xml(suite: str, cases: Sequence[TestCase]) -> str:
    """The document: a suite of cases."""
    failures = str(sum(case.failure is not None for case in cases))
    seconds = f"{sum(case.seconds for case in cases):.3f}"
    attributes = {"tests": str(len(cases)), "failures": failures, "errors": "0", "time": seconds}
    root = ElementTree.Element("testsuites", {"name": suite, **attributes})
    element = ElementTree.SubElement(root, "testsuite", {"name": suite, **attributes})
    for case in cases:
        names = {"classname": f"{suite}.{case.group}", "name": case.name, "time": f"{case.seconds:.3f}"}
        child = ElementTree.SubElement(element, "testcase", names)
        if case.failure is not None:
            ElementTree.SubElement(child, "failure", {"message": case.failure}).text = case.failure
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
