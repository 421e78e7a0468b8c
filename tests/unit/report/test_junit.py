"""JUnit XML, as its readers take it."""

from xml.etree import ElementTree

from mcu_vision.report.junit import TestCase, junit_xml


def test_counts_names_and_messages() -> None:
    cases = [TestCase("reference", "a.png", 1.25), TestCase("limits", "ram", 0.0, 'too much: 5 > 4 & "more"')]
    root = ElementTree.fromstring(junit_xml("face-m4", cases))
    suite = root[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("time")) == ("2", "1", "1.250")
    assert suite[0].get("classname") == "face-m4.reference"
    assert suite[0].find("failure") is None
    failure = suite[1].find("failure")
    assert failure is not None
    assert failure.get("message") == 'too much: 5 > 4 & "more"'
