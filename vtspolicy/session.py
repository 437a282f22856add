"""One invocation: sentences are carried out one after the other, shown, and the worst code counts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from vtspolicy.command.command import Command, Door
from vtspolicy.command.complaint import excerpt
from vtspolicy.command.sentence import parse
from vtspolicy.errors import Failure, Refusal, Usage
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
        self._wrong = 0
        """Sentences that ended in an error."""

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
        self._carry_out(wanted)
        return self.end()

    def sentences(self, texts: Iterable[str]) -> int:
        """Sentences in order; more of them in error than allowed end it, and the rest is told as not run."""
        waiting = list(texts)
        allowed = len(waiting) if self.options.allow == "all" else int(self.options.allow)
        while waiting:
            text = waiting.pop(0)
            try:
                command = parse(text, Door.SENTENCE)
                if self.options.yes:
                    command = replace(command, confirmed=True)
                self._carry_out(command)
            except Failure as failure:
                self._note(failed(None, [failure]))
            if self._worst is not None and (self._worst.code in (3, 5) or self._wrong > allowed):
                break
        for text in waiting:
            self._tell_not_run(text)
        return self.end()

    def _tell_not_run(self, text: str) -> None:
        """What became of a sentence behind the last one that was carried out. It counts neither as done nor failed."""
        told = f"not run: {excerpt(' '.join(text.split()), 0, 0)[0]}"
        if not self.options.json:
            self._say(f"{told}\n", error=True)
            return
        try:
            command = parse(text, Door.SENTENCE)
        except Failure:
            command = None
        self._say(json.dumps(failed(command, [Refusal(told)]).as_json()) + "\n")

    def show(self, result: Result) -> int:
        """Show a result that needed no carrying out."""
        self._note(result)
        return self.end()

    def _carry_out(self, command: Command) -> None:
        if command.verb == "PARSE":
            self._note(parsed(command))
            return
        if command.verb == "DEMO":
            from vtspolicy.demo.story import tell

            code = tell(keep=command.flag("KEEP"))
            self._note(Result(None, Status.DONE if code == 0 else Status.FAILED, exit_code=code))
            return
        from vtspolicy.report.progress import Bar, Quiet
        from vtspolicy.service.commands import perform
        from vtspolicy.service.context import Context
        from vtspolicy.service.interruption import Interruption

        watch = Bar() if _is_terminal(sys.stderr) and not self.options.json else Quiet()
        try:
            with Context(self.options.policies, self.options.state, Interruption(), watch, self._asker()) as context:
                result = perform(context, command)
                watch.end()
                self._note(result, context.zone if "policies" in context.__dict__ else None)
                told = len(context.notices)
            for notice in context.notices[told:]:  # of the event log, which is written last
                self._say(f"*WARNING* {notice}\n", error=True)
        except Failure as failure:
            self._note(failed(command, [failure]))
        finally:
            watch.end()

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
        done, wrong = result.tally
        self._done += done
        self._errors += wrong
        self._wrong += result.code >= 2
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

    def end(self) -> int:
        """The last line, where it is asked for, and the code."""
        code = self.code
        if self.options.completion:
            from vtspolicy.report.text import completion_line

            self._say(completion_line(code, self._worst, self._done, self._errors) + "\n")
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
    try:
        found = parse(standard_input((64 << 10) + 1) if text == "-" else text, Door.SENTENCE)
    except Failure as failure:
        return failed(command, [failure])
    return Result(command, Status.DONE, {"parsed": found.as_json()})


def standard_input(limit: int) -> str:
    """Standard input as text, up to so many bytes. Raise Usage where there is none to read."""
    try:
        return sys.stdin.buffer.read(limit).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise Usage(f"standard input cannot be read: {error.strerror}") from None
    except (AttributeError, ValueError):
        raise Usage("standard input is closed") from None


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

