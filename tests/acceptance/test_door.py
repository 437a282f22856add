"""The ways in: sub-commands, sentences, standard input, the original's name; and who asks, and who is not asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.terminal import Terminal, on_terminal
from tests.acceptance.world import POOL, PROGRAM, SCHEME, VAULT, World

ORIGINAL = str(Path(PROGRAM).with_name("VTSPolicy"))


@pytest.fixture
def local(make_world: Callable[..., World]) -> World:
    world = make_world("local")
    world.put("T00001", b"first")
    return world


# ---- sentences ------------------------------------------------------------------------------------------------------


def test_every_way_to_say_it(local: World) -> None:
    for words in (["start", "scheme", SCHEME], ["START", "SCHEME", SCHEME], [f"start scheme {SCHEME}"],
                  [f"RUN SCHEME {SCHEME}, BRIEF"], ["run", "scheme", SCHEME], ["idr", SCHEME],
                  [f"VTSPolicy IDR '{SCHEME}'"], [f"vtspolicy IDR {SCHEME}"],
                  ["idr", f"vts1:/{VAULT}/{POOL}"], ["idr", f"vts1:/{VAULT}/{POOL}/T00001", "d=vts2"]):
        local.put("T00001", os.urandom(8))
        local.run(*words).settle()
        assert local.copy("T00001") == (local.pool / "T00001").read_bytes(), words


def test_the_original_name_takes_its_sentences(local: World) -> None:
    for words in (["IDR", SCHEME], [f"IDR '{SCHEME}'"], ["IDR", f"'vts1:/{VAULT}/{POOL} d=vts2'"]):
        local.put("T00001", os.urandom(8))
        done = subprocess.run([ORIGINAL, "--policies", local.policies, "--state", local.state, *words],
                              capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert local.copy("T00001") == (local.pool / "T00001").read_bytes(), words
    folders = ["--policies", str(local.policies), "--state", str(local.state)]
    refused = subprocess.run([ORIGINAL, *folders, "START", "SCHEME", SCHEME], capture_output=True, check=False)
    assert refused.returncode == 2


def test_the_original_name_has_the_options_of_every_program(local: World) -> None:
    for words, begin in ((["--version"], "vtspolicy "), (["--help"], "NonStop sentences"),
                         (["IDR", "--help"], "VTSPolicy IDR - "), (["IDR", SCHEME, "--help"], "VTSPolicy IDR - ")):
        done = subprocess.run([ORIGINAL, *words], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert done.stdout.startswith(begin), done.stdout
    assert local.copy("T00001") is None


def test_sentences_on_standard_input(local: World) -> None:
    text = f"INFO SCHEME *, BRIEF\n! a remark\nSTART SCHEME NOSUCH\nSTART SCHEME &\n {SCHEME}; STATUS SYSTEM, BRIEF\n"
    done = local.run("-", stdin=text).settle(2)
    assert done.lines == [f"SCHEME {SCHEME} file={SCHEME}.yaml"]
    told = done.errors.splitlines()
    assert told[0] == "*ERROR* there is no scheme NOSUCH (690004)"
    assert told[1:] == [f"not run: START SCHEME & {SCHEME}", "not run: STATUS SYSTEM, BRIEF"]
    assert local.copy("T00001") is None

    done = local.run("-", "--allow", "1", "--completion", stdin=text).settle(2)
    assert "not run" not in done.errors
    assert done.lines[-1] == "COMPLETION CODE 2: refused reason=unknown done=3 failed=1"
    assert local.copy("T00001") == b"first"

    wrong = "START SCHEME A\n" * 3 + "ENV\n"
    assert local.run("-", "--allow", "1", stdin=wrong).settle(2).errors.count("not run") == 2
    assert local.run("-", "--allow", "all", stdin=wrong).settle(2).errors.count("not run") == 0
    lines = local.run("-", "--allow", "all", "--json", stdin=wrong).settle(2).lines
    assert [json.loads(line)["code"] for line in lines] == [2, 2, 2, 0]
    assert local.run("-", stdin="").settle().output == ""


def test_bytes_that_are_no_text_are_refused(local: World) -> None:
    for junk in (b"\xff\xfe\x00", b"\x00" * 100, b"START SCHEME \x1b[2J", "STÄRT".encode("latin-1"), b"'" * 60000):
        done = subprocess.run(local.command("-"), input=junk, capture_output=True, check=False)
        assert done.returncode == 2, junk[:20]
        assert b"Traceback" not in done.stderr
        assert all(32 <= byte < 127 or byte == 10 for byte in done.stderr)


def test_sentences_that_are_not_run_speak_json_too(local: World) -> None:
    text = "START SCHEME NOSUCH\nSTATUS SYSTEM, BRIEF\nSTART \udcff\n".encode("utf-8", "surrogateescape")
    done = subprocess.run(local.command("-", "--json", "--completion"), input=text, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (2, b"")
    *envelopes, last = done.stdout.decode("ascii").splitlines()
    first, second, third = map(json.loads, envelopes)
    assert first["errors"][0]["reason"] == "unknown"
    assert second["command"]["verb"] == "STATUS"
    assert (second["status"], second["code"], second["data"]) == ("refused", 2, {})
    assert [each["message"] for each in second["errors"]] == ["not run: STATUS SYSTEM, BRIEF"]
    assert third["command"] is None
    assert [(each["reason"], each["message"]) for each in third["errors"]] == [("refused", "not run: START \\xff")]
    assert last == "COMPLETION CODE 2: refused reason=unknown done=0 failed=1"

    done = subprocess.run(local.command("-"), input=text, capture_output=True, check=False)
    assert done.stderr.splitlines()[1:] == [b"not run: STATUS SYSTEM, BRIEF", b"not run: START \\xff"]


@pytest.mark.parametrize("words", [["-"], ["parse", "-"]])
def test_a_standard_input_that_cannot_be_read_is_told(words: list[str], local: World) -> None:
    for how, message in (("<&-", "standard input is closed"),
                         ("0>/dev/null", "standard input cannot be read: Bad file descriptor")):
        for more in ([], ["--json"]):
            command = " ".join([*local.command(*words, *more), how])
            done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
            assert done.returncode == 2, done
            if more:
                error, = json.loads(done.stdout)["errors"]
                assert (error["reason"], error["message"], done.stderr) == ("usage", message, "")
            else:
                assert (done.stdout, done.stderr) == ("", f"*ERROR* {message} (690001)\n")


def test_a_plan_takes_what_idr_takes(local: World) -> None:
    pool = f"vts1:/{VAULT}/{POOL}"
    wanted = local.run("plan", "scheme", SCHEME, "--json").settle().json["data"]["legs"]
    assert wanted[0]["counts"]["copy"] == 1
    for words in ([f"PLAN IDR '{pool} d=vts2'"], [f"PLAN VTSPolicy IDR '{SCHEME}'"], [f"PLAN IDR '{SCHEME} d = vts2'"],
                  ["plan", "idr", pool, "d=vts2"], ["plan", "idr", f"{pool} d=vts2"],
                  ["plan", "idr", SCHEME, "-d", "vts2"],
                  ["plan", "VTSPolicy", "IDR", SCHEME], ["plan", "vtspolicy", "idr", pool, "d=vts2"]):
        assert local.run(*words, "--json").settle().json["data"]["legs"] == wanted, words
    refused = local.run("PLAN IDR 'a b', CHECK").settle(2)
    assert "expected keyword=value, or the end of the sentence" in refused.errors
    assert local.copy("T00001") is None


@pytest.mark.parametrize("words", [
    ["plan", "idr", SCHEME, "--destination", "vts2", "d=vts1"], [f"PLAN IDR '{SCHEME} d=vts1', D vts2"],
    ["plan", "vtspolicy", "idr", SCHEME, "s=vts1", "--source", "vts1"], ["idr", SCHEME, "ref=Z8", "--ref", "Z9"],
    ["start", "scheme", SCHEME, "--ref", "Z8", "--ref", "Z9"],
    ["alter", "scheme", SCHEME, "--rate", "1 MB/s", "--rate", "2 MB/s"]])
def test_a_value_is_given_only_once(words: list[str], local: World) -> None:
    done = local.run(*words, "--json").settle(2)
    assert done.reasons == ["usage"]
    assert done.json["errors"][0]["message"].endswith("only once")
    assert local.copy("T00001") is None


def test_receive_takes_no_option_of_the_other_verbs(local: World) -> None:
    vault = f"--vault={VAULT}={local.far}"
    for words in (["--json", "receive", vault], ["RECEIVE", vault, "--json"]):
        done = local.run(*words).settle(2)
        assert done.reasons == ["usage"]
        assert "vtspolicy receive --vault NAME=/path" in done.json["errors"][0]["message"]
    told = subprocess.run([PROGRAM, "receive", "--help"], capture_output=True, text=True, check=True)
    assert "--vault" in told.stdout


def test_what_selects_nothing_is_refused(local: World) -> None:
    for verb in ("info", "status"):
        for words in ([verb, "scheme", "X*"], [f"{verb} scheme X*"]):
            done = local.run(*words).settle(2)
            assert (done.output, done.errors) == ("", "*ERROR* no SCHEME is selected by X* (690004)\n")
        assert "nearest is NIGHTLY" in local.run(verb, "scheme", "NIGHTLY?").settle(2).errors
    assert local.run("info", "autocopy", "*").settle().output == "no AUTOCOPY is defined\n"
    assert "no SYSTEM is selected by x?" in local.run("status", "system", "x?").settle(2).errors
    (local.pool / "T00001").unlink()
    (local.policies / f"{SCHEME}.yaml").unlink()
    for words in (["status", "tape"], ["status", "tape", "*"], ["status", "pool"]):
        assert local.run(*words).settle().output == "no tape is selected\n"


def test_parse_does_nothing(local: World) -> None:
    wanted = {"verb": "IDR", "object": None, "operands": [f"/{VAULT}/{POOL}/T00001"],
              "attributes": {"destination": "vts2"}}
    sentence = f'VTSPolicy IDR "/{VAULT}/{POOL}/T00001 d = vts2"'
    assert json.loads(local.run("parse", sentence).settle().output) == wanted
    assert json.loads(local.run("parse", "-", stdin=sentence + "\n").settle().output) == wanted
    assert local.run("parse", "-", stdin="ENV\nENV\n").settle(2).output == ""
    refused = local.run("parse", "start scheme").settle(2)
    assert refused.output == "" and "^" in refused.errors
    assert local.copy("T00001") is None
    assert not local.state.exists()


def test_help_prints_the_message_table(local: World) -> None:
    by_id, by_word = local.run("help", "624013").settle(), local.run("help", "diverged").settle()
    assert by_id.output == by_word.output
    for word in ("Text:", "Cause:", "Effect:", "Recovery:"):
        assert word in by_id.output
    assert local.run("HELP diverged").settle().output == by_word.output
    assert local.run("help", "start").settle().output.startswith("START - ")
    assert "START" in local.run("help").settle().output
    assert local.run("help", "nosuch").settle(2).output == ""
    assert not local.state.exists()


def test_errors_end_with_their_id(local: World) -> None:
    (local.copies / "T00001").write_bytes(b"someone else's")
    done = local.run("start", "scheme", SCHEME).settle(2)
    assert done.errors.startswith("*ERROR* ") and done.errors.endswith("(624013)\n")


# ---- output ---------------------------------------------------------------------------------------------------------


def test_success_is_silent_where_nobody_looks(local: World) -> None:
    for words in (["start", "scheme", SCHEME], ["start", "scheme", SCHEME], ["verify", "scheme", SCHEME]):
        done = local.run(*words).settle()
        assert (done.output, done.errors) == ("", "")
    assert local.run("status", "scheme", SCHEME).settle().output != ""


@pytest.mark.parametrize("how", [">&-", "2>&-", ">&- 2>&-", "<&-", ">&- 2>&- <&-", ">/dev/full", "2>/dev/full",
                                 ">/dev/full 2>&1"])
def test_closed_and_full_output_never_stops_a_copy(how: str, local: World) -> None:
    (local.pool / "LINK").symlink_to("nowhere")  # so that there is a warning to print
    for words in (["--completion"], ["--json"], ["--brief"]):
        content = os.urandom(50)
        local.put("T00001", content)
        command = " ".join([*local.command("start", "scheme", SCHEME, *words), how])
        assert subprocess.run(["sh", "-c", command], check=False, capture_output=True).returncode == 1
        assert local.copy("T00001") == content


def test_a_reader_that_goes_away_never_stops_a_copy(local: World) -> None:
    process = subprocess.Popen(local.command("start", "scheme", SCHEME, "--completion"), stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) == 0
    assert local.copy("T00001") == b"first"


# ---- yes and no -----------------------------------------------------------------------------------------------------


def test_destructive_sentences_need_a_yes(local: World) -> None:
    file = local.policies / f"{SCHEME}.yaml"
    for words in (["delete", "scheme", SCHEME], [f"DELETE SCHEME {SCHEME}"], ["rebuild", "catalog"]):
        done = local.run(*words).settle(2)
        assert "needs a yes" in done.errors
    assert local.run("-", stdin=f"DELETE SCHEME {SCHEME}\n").settle(2).output == ""
    assert file.exists()
    text = file.read_text()
    for words in (["delete", "scheme", SCHEME, "--yes"], [f"DELETE SCHEME {SCHEME} !"],
                  ["--yes", f"DELETE SCHEME {SCHEME}"]):
        local.run(*words).settle()
        assert not file.exists()
        file.write_text(text)


def test_a_person_is_asked(local: World) -> None:
    command = local.command("delete", "scheme", SCHEME)
    for answer in ("n\n", "\n", "nonsense\n", "\x04"):
        code, said = on_terminal(command, "are you sure?", answer)
        assert code == 2, said
        assert "nothing was done: the answer was not yes (690003)" in said and "needs a yes" not in said
    assert (local.policies / f"{SCHEME}.yaml").exists()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        terminal = Terminal(command)
        terminal.wait_for("are you sure?")
        terminal.process.send_signal(number)
        assert terminal.end()[0] == 3
    assert (local.policies / f"{SCHEME}.yaml").exists()
    assert on_terminal(command, "are you sure?", "y\n")[0] == 0
    assert not (local.policies / f"{SCHEME}.yaml").exists()


def test_a_person_is_told_how_it_went(local: World) -> None:
    terminal = Terminal(local.command("start", "scheme", SCHEME))
    code, said = terminal.end()
    assert code == 0
    assert "1 copied" in said
    code, said = Terminal(local.command("start", "scheme", SCHEME)).end()
    assert code == 0
    assert "nothing to do" in said
