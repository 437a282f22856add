"""What is written is read again the same: as a file, as an edited file, and as a sentence."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.policy.strategies import sound_policies, texts
from vtspolicy.command.printer import sentence_of
from vtspolicy.command.sentence import parse
from vtspolicy.policy.assignments import assignments, named
from vtspolicy.policy.edit import edited
from vtspolicy.policy.model import KINDS, Policy, fields_of
from vtspolicy.policy.reader import read_policy
from vtspolicy.policy.sample import sample
from vtspolicy.policy.spelling import attributes_of, command_of, texts_of
from vtspolicy.policy.yamltext import policy_text, quoted

EVERY_KIND = st.sampled_from(list(KINDS)).flatmap(sound_policies)
PAIRS = st.sampled_from(list(KINDS)).flatmap(lambda kind: st.tuples(sound_policies(kind), sound_policies(kind)))
PATIENT = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@PATIENT
@given(EVERY_KIND)
def test_a_written_policy_is_read_as_the_same(policy: Policy) -> None:
    reading = read_policy(policy_text(policy).encode())
    assert reading.faults == ()
    assert reading.policy == policy


@PATIENT
@given(EVERY_KIND)
def test_the_obey_form_makes_an_equal_policy(policy: Policy) -> None:
    command = parse(sentence_of(command_of(policy)))
    assert command == command_of(policy)
    kind, name = named(command)
    values = {each.field.attribute: each.value for each in assignments(command, kind).values()}
    assert KINDS[kind](name=name, **values) == policy


@PATIENT
@given(PAIRS, st.integers(0, 3), st.booleans())
def test_an_edited_policy_is_read_as_the_intended_one(pair: tuple[Policy, Policy], indent: int, spaced: bool) -> None:
    old, new = pair
    lines = policy_text(old).splitlines()
    remarks = [f"# remark {number}" for number in range(len(lines))]
    if spaced:
        lines = [text for line, remark in zip(lines, remarks, strict=True)
                 for text in ((remark, line) if not line.startswith(" ") else (line,))]
    text = "".join(" " * indent + line + "\n" for line in lines)
    reading = read_policy(text.encode())
    assert reading.root is not None and reading.policy == old
    changes = {each.key: texts_of(new).get(each.key) for each in fields_of(old.kind)}
    result = edited(text, reading.root, changes, [each.key for each in fields_of(old.kind)])
    after = read_policy(result.encode())
    assert after.faults == ()
    assert after.policy == new
    assert [line for line in result.splitlines() if line.lstrip().startswith("# remark")] == [
        line for line in text.splitlines() if line.lstrip().startswith("# remark")]


@PATIENT
@given(EVERY_KIND)
def test_nothing_changed_changes_nothing(policy: Policy) -> None:
    text = policy_text(policy)
    reading = read_policy(text.encode())
    assert reading.root is not None
    order = [each.key for each in fields_of(policy.kind)]
    assert edited(text, reading.root, {}, order) == text
    assert edited(text, reading.root, dict(texts_of(policy)), order) == text


@given(texts() | st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_a_quoted_text_is_the_text_for_every_reader(text: str) -> None:
    for loader in (yaml.SafeLoader, yaml.CSafeLoader):
        if text not in ("yes", "no"):
            found = yaml.load(f"- {quoted(text)}\n- [{quoted(text)}, x]\n- {quoted(text)}: y\n", Loader=loader)
            if quoted(text).isdigit():
                text_or_number: object = int(text)
                assert found == [text_or_number, [text_or_number, "x"], {text_or_number: "y"}]
            else:
                assert found == [text, [text, "x"], {text: "y"}]


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_not_as_by_default_is_printed(kind: str) -> None:
    policy = read_policy(sample(kind).encode()).policy
    assert policy is not None
    assert set(attributes_of(policy)) == {
        each.keyword for each in fields_of(kind) if each.rule.required and each.key != "name"}
