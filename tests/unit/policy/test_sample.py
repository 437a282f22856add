"""The samples that are made from the model."""

from __future__ import annotations

import re

import pytest

from vtspolicy.errors import Unknown
from vtspolicy.policy.folder import Files, assemble
from vtspolicy.policy.model import KINDS, fields_of
from vtspolicy.policy.reader import policy_of
from vtspolicy.policy.sample import sample

CANNOT_STAND_WITH = {"except"}
"""Fields whose example needs another `from` than the sample's."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_loads_as_it_is(kind: str) -> None:
    policy = policy_of(sample(kind).encode(), kind)
    assert policy.kind == kind
    for field in fields_of(kind):
        if not field.rule.required:
            assert getattr(policy, field.attribute) == field.default


@pytest.mark.parametrize("kind", KINDS)
def test_it_loads_with_its_optional_fields_too(kind: str) -> None:
    text = "".join(line.removeprefix("#") + "\n" if re.match(r"#[a-z]", line) and
                   line[1:].partition(":")[0] not in CANNOT_STAND_WITH else line + "\n"
                   for line in sample(kind).splitlines())
    policy = policy_of(text.encode(), kind)
    for field in fields_of(kind):
        if field.key not in CANNOT_STAND_WITH:
            assert re.search(rf"^{field.key}:", text, re.MULTILINE)
            assert getattr(policy, field.attribute) not in ("", None)


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_is_explained(kind: str) -> None:
    words = " ".join(sample(kind).replace("\n# ", " ").split())
    for field in fields_of(kind):
        assert field.rule.doc in words
        assert field.rule.what in words
    assert all(len(line) <= 100 for line in sample(kind).splitlines())


def test_each_example_is_read_by_its_field() -> None:
    for kind in KINDS:
        for field in fields_of(kind):
            example = field.rule.example
            for text in [example] if isinstance(example, str) else list(
                    example.values() if not isinstance(example, tuple) else example):
                field.rule.read(text)


@pytest.mark.parametrize("copying", [["scheme"], ["autocopy"], ["scheme", "autocopy"]])
def test_samples_stand_together(copying: list[str]) -> None:
    files = {f"{kind}.yaml": sample(kind).encode() for kind in ("system", "settings", *copying)}
    assert assemble("policies", Files(files)).errors == ()


def test_a_kind_that_is_none() -> None:
    with pytest.raises(Unknown, match=r"there is no kind 'shceme'; expected system, .*; the nearest is scheme"):
        sample("shceme")
