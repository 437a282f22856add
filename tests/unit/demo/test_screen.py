"""Commands as the demonstration shows them: what a person would type, and nothing else."""

from __future__ import annotations

import shlex

from hypothesis import given
from hypothesis import strategies as st

from vtspolicy.demo.screen import WIDTH, typed

WORDS = st.lists(st.text(st.characters(codec="ascii", exclude_characters="\n\r"), min_size=1, max_size=30), min_size=1)


@given(WORDS)
def test_a_shell_reads_what_was_meant(words: list[str]) -> None:
    shown = typed(words)
    assert shown.startswith("$ vtspolicy ")
    assert shlex.split(shown[2:].replace(" \\\n", " ")) == ["vtspolicy", *words]


def test_long_commands_take_several_lines_and_options_keep_their_values() -> None:
    assert typed(["add", "system", "vts2", "--address", "127.0.0.1", "--port", "40022", "--user", "operator", "--key",
                  "/tmp/demo/key", "--rate", "16 MiB/s"]) == (
        "$ vtspolicy add system vts2 --address 127.0.0.1 --port 40022 --user operator \\\n"
        "    --key /tmp/demo/key --rate '16 MiB/s'")
    assert all(len(line) <= WIDTH for line in typed(["--port", "40022"] * 20).splitlines())


def test_a_sentence_is_quoted_as_a_person_would() -> None:
    assert typed(["VTSPolicy IDR 'NIGHTLY'"]) == "$ vtspolicy \"VTSPolicy IDR 'NIGHTLY'\""
    assert typed(["it's $HOME"]) == "$ vtspolicy 'it'\"'\"'s $HOME'"
