"""One invocation: sentences are carried out one after the other, shown, and the worst code counts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from vtspolicy.command.command import Command, Door
from vtspolicy.command.sentence import parse
from vtspolicy.errors import Failure
from vtspolicy.service.result import Result, Status, failed

_RANK = {0: 0, 1: 1, 2: 2, 3: 3, 5: 4}


@dataclass(frozen=True)
class Options:
    """What holds for every verb."""

    policies: str | None = None
    state: str | None = None
    json: bool = False
    completion: bool = False
    yes: bool = False
    allow: str = "0"


class Session:
    """Carries out and shows. A standard output that is closed or full never stops a copy."""

    def __init__(self, options: Options, *, talkative: bool | None = None) -> None:
        self.options = options
        self._talkative = _is_terminal(sys.stdout) if talkative is None else talkative
        self._worst: Result | None = None
        self._done = 0
        self._errors = 0

    @property
    def code(self) -> int:
        """The worst completion code so far."""
        return 0 if self._worst is None else self._worst.code

    def run(self, command: Callable[[], Command]) -> int:
        """One command of the shell."""
        try:
            wanted = command()
        except Failure as failure:
            return self.show(failed(None, [failure]))
        return self.end(self._carry_out([wanted]))

    def sentences(self, texts: Iterable[str]) -> int:
        """Sentences in order; more errors than allowed end it, and the rest is told as not run."""
        waiting = list(texts)
        allowed = len(waiting) if self.options.allow == "all" else int(self.options.allow)
        while waiting:
            text = waiting.pop(0)
            try:
                command = parse(text, Door.SENTENCE)
                if self.options.yes:
                    command = replace(command, confirmed=True)
                self._carry_out([command])
            except Failure as failure:
                self._note(failed(None, [failure]))
            if self._worst is not None and (self._worst.code in (3, 5) or self._errors > allowed):
                break
        for text in waiting:
            self._say(f"not run: {' '.join(text.split())[:70]}\n", error=True)
        return self.end(self._worst)

    def show(self, result: Result) -> int:
        """Show a result that needed no carrying out."""
        self._note(result)
        return self.end(result)

    def _carry_out(self, commands: list[Command]) -> Result | None:
        if commands[0].verb == "PARSE":
            self._note(parsed(commands[0]))
            return self._worst
        if commands[0].verb == "DEMO":
            from vtspolicy.demo.story import tell

            return self._demo(tell(keep=commands[0].flag("KEEP")))
        from vtspolicy.report.progress import Bar, Quiet
        from vtspolicy.service.commands import perform
        from vtspolicy.service.context import Context
        from vtspolicy.service.interruption import Interruption

        watch = Bar() if _is_terminal(sys.stderr) and not self.options.json else Quiet()
        try:
            with Context(self.options.policies, self.options.state, Interruption(), watch, self._asker()) as context:
                for command in commands:
                    result = perform(context, command)
                    watch.end()
                    self._note(result, context.zone if "policies" in context.__dict__ else None)
        except Failure as failure:
            self._note(failed(commands[0], [failure]))
        finally:
            watch.end()
        return self._worst

    def _demo(self, code: int) -> Result:
        result = Result(None, Status.DONE if code == 0 else Status.FAILED, exit_code=code)
        self._worst = result
        return result

    def _asker(self) -> Callable[[str], bool] | None:
        """How a person is asked; None where nobody is there."""
        if self.options.yes:
            return lambda question: True
        if not (_is_terminal(sys.stdin) and _is_terminal(sys.stderr)):
            return None
        return _ask

    def _note(self, result: Result, zone: str | None = None) -> None:
        if self._worst is None or _RANK[result.code] > _RANK[self._worst.code]:
            self._worst = result
        counts = [leg for leg in result.data.get("legs", ()) if "copied" in leg]
        self._done += sum(leg["copied"] + leg["equal"] + leg["trusted"] for leg in counts) if counts else int(
            result.code < 2)
        self._errors += len(result.errors) if counts else int(result.code >= 2)
        if self.options.json:
            self._say(json.dumps(result.as_json()) + "\n")
            return
        from vtspolicy.report.text import text_of, trouble_lines

        if not self._is_quiet(result):
            self._say(text_of(result, zone))
        self._say("".join(line + "\n" for line in trouble_lines(result)), error=True)

    def _is_quiet(self, result: Result) -> bool:
        """Under cron success is silent: a run that went well says nothing where nobody looks."""
        command = result.command
        return (command is not None and command.verb in ("START", "RUN", "IDR", "VERIFY") and result.code == 0
                and not self._talkative and not self.options.completion and not command.flag("BRIEF"))

    def end(self, result: Result | None) -> int:
        """The last line, where it is asked for, and the code."""
        code = self.code
        if self.options.completion:
            from vtspolicy.report.text import completion_line

            self._say(completion_line(code, result, self._done, self._errors) + "\n")
        return code

    @staticmethod
    def _say(text: str, *, error: bool = False) -> None:
        """Print, or not: who reads must not decide whether tapes are copied."""
        stream = sys.stderr if error else sys.stdout
        try:
            stream.write(text.encode("ascii", "backslashreplace").decode("ascii"))
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass


def parsed(command: Command) -> Result:
    """What PARSE shows of its sentence. Raise nothing: a refusal is its result."""
    text = command.operands[0]
    if text == "-":
        text = sys.stdin.buffer.read((64 << 10) + 1).decode("utf-8", "surrogateescape")
    try:
        found = parse(text, Door.SENTENCE)
    except Failure as failure:
        return failed(command, [failure])
    return Result(command, Status.DONE, {"parsed": found.as_json()})


def _is_terminal(stream: object) -> bool:
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except (AttributeError, ValueError, OSError):
        return False


def _ask(question: str) -> bool:
    try:
        sys.stderr.write(f"{question} (y/N) ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except (OSError, ValueError):
        return False

