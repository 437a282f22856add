"""Sub-commands, their options, help and completion: made from the table of verbs, through typer.

A verb's sub-commands are built when they are asked for, so that a start costs only what it uses. What they are given
becomes a Command, which is held against its own sentence: shell and sentences obey one parser.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer
from typer._click import Context
from typer._click.core import Command as ShellCommand
from typer._click.exceptions import ClickException, UsageError
from typer.core import TyperGroup

from vtspolicy import __version__
from vtspolicy.command.command import Command, Door, Value
from vtspolicy.command.complaint import refuse
from vtspolicy.command.grammar import Attribute, Form, Grammar, Takes, Verb
from vtspolicy.command.sentence import checked, parse
from vtspolicy.command.tokens import quoted
from vtspolicy.command.verbs import VERBS, find_verb
from vtspolicy.errors import Usage
from vtspolicy.session import Session


def run(words: Sequence[str], session: Session) -> int:
    """Run the sub-command; give the completion code. Raise Usage where the words are none."""
    try:
        code = typer.main.get_command(_application()).main(
            args=list(words), prog_name="vtspolicy", standalone_mode=False, obj=session)
        return code if isinstance(code, int) else 0
    except typer.Exit as ending:
        return ending.exit_code
    except typer.Abort:
        return 3
    except SystemExit as ending:  # the words of completion end so
        return ending.code if isinstance(ending.code, int) else 0 if ending.code is None else 2
    except ClickException as error:
        usage = error.ctx.command_path if isinstance(error, UsageError) and error.ctx else "vtspolicy"
        raise Usage(f"{error.format_message()} ({usage} --help shows the form)") from None


class _Verbs(TyperGroup):
    """The verbs as sub-commands; one is built when it is asked for."""

    def list_commands(self, ctx: Context) -> list[str]:
        del ctx
        return sorted({verb.word.lower() for verb in _shell_verbs()})

    def get_command(self, ctx: Context, cmd_name: str) -> ShellCommand | None:
        del ctx
        verb = next((each for each in _shell_verbs() if each.word.lower() == cmd_name.lower()), None)
        return None if verb is None else typer.main.get_command(_verb_application(verb))


def _shell_verbs() -> list[Verb]:
    """The verbs of the shell: all that are built, and of VTSPolicy sentences IDR, the one bridge."""
    return [verb for verb in VERBS if verb.built and (verb.grammar is Grammar.NONSTOP or verb.word == "IDR")]


def _application() -> typer.Typer:
    application = typer.Typer(cls=_Verbs, add_completion=True, pretty_exceptions_enable=False, rich_markup_mode=None,
                              help="Policies for virtual tapes: proven copies from one VTS to another. "
                                   "A sentence can be given as one argument, or lines of them on standard input "
                                   "(vtspolicy -). The options from --policies to --completion may stand anywhere.")

    @application.callback(invoke_without_command=True)
    def about(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
              policies: Annotated[str | None, typer.Option(metavar="DIR", help="The policies' folder.")] = None,
              state: Annotated[str | None, typer.Option(metavar="DIR", help="The state's folder.")] = None,
              json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each sentence.")] = False,
              yes: Annotated[bool, typer.Option("--yes", help="Say yes to whatever would be asked.")] = False,
              allow: Annotated[str | None, typer.Option(metavar="N|all", help="Go on after so many errors.")] = None,
              completion: Annotated[bool, typer.Option("--completion", help="Print the completion line.")] = False,
              ) -> None:
        del policies, state, json, yes, allow, completion  # they were taken before; here they are shown and completed
        if version:
            sys.stdout.write(f"vtspolicy {__version__}\n")
            raise typer.Exit

    return application


def _verb_application(verb: Verb) -> typer.Typer:
    if verb.objects:
        application = typer.Typer(name=verb.word.lower(), help=verb.summary, rich_markup_mode=None,
                                  no_args_is_help=False, pretty_exceptions_enable=False,
                                  context_settings={"token_normalize_func": str.lower})

        @application.callback()
        def group() -> None:
            """Keeps a verb with one object a group."""

        for form in verb.forms:
            assert form.object is not None
            application.command(form.object.lower(), help=_help(verb))(_function(verb, form))
        for filler in {word for form in verb.forms for word in form.fillers}:
            application.add_typer(_filled(verb, filler), name=filler.lower(), hidden=True)
        return application
    application = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    application.command(verb.word.lower(), help=_help(verb))(_function(verb, verb.forms[0]))
    return application


def _filled(verb: Verb, filler: str) -> typer.Typer:
    """`plan start scheme NAME`: the filler changes nothing."""
    application = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)

    @application.callback()
    def group() -> None:
        """Keeps the filler a group."""

    for form in verb.forms:
        if filler in form.fillers and form.object is not None:
            application.command(form.object.lower(), help=_help(verb))(_function(verb, form))
    return application


def _help(verb: Verb) -> str:
    return f"{verb.summary[0].upper()}{verb.summary[1:]}.\n\n{verb.doc}"


def _function(verb: Verb, form: Form) -> Callable[..., int]:
    """What typer calls for one form of a verb; its signature tells typer the operands and options."""
    keywords: dict[str, tuple[str, Takes]] = {}
    parameters = [inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]
    operand = form.operand
    many = operand is not None and (operand.high is None or operand.high > 1 or verb.grammar is Grammar.VTSPOLICY
                                    or form.object == "IDR")
    if operand is not None:
        kind: Any = list[str] if many else str
        argument = typer.Argument(help=operand.doc, metavar=operand.what.upper() if " " not in operand.what else "WHAT")
        parameters.append(inspect.Parameter(
            "operands", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Annotated[kind, argument],
            default=inspect.Parameter.empty if operand.low else ([] if many else None)))
        if not operand.low and not many:
            parameters[-1] = parameters[-1].replace(annotation=Annotated[str | None, argument])
    for attribute in _attributes(verb, form):
        name = "option_" + attribute.keyword.lower().replace("-", "_")
        keywords[name] = attribute.keyword, attribute.takes
        parameters.append(_option(name, attribute))

    def call(ctx: typer.Context, **given: Any) -> int:
        session = ctx.obj
        assert isinstance(session, Session)
        names = given.pop("operands", None)
        operands = tuple(names) if isinstance(names, list | tuple) else () if names is None else (names,)

        def command() -> Command:
            attributes = {keywords[name][0]: value for name, raw in given.items()
                          if (value := _value(raw, *keywords[name], form)) is not None}
            return _command(verb, form, operands, attributes, session.options.yes)

        return session.run(command)

    call.__signature__ = inspect.Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": int}
    return call


def _attributes(verb: Verb, form: Form) -> list[Attribute]:
    """The form's attributes as the shell has them; ADD and ALTER have the policy's fields."""
    if verb.word == "IDR":
        plain = find_verb("START", Grammar.NONSTOP)
        assert plain is not None
        return list(plain.forms[0].attributes)
    if not form.fields or form.object is None:
        return list(form.attributes)
    from vtspolicy.policy.model import Shape, fields_of

    return [*(Attribute(each.keyword, Takes.VALUE if each.rule.shape is Shape.TEXT else Takes.LIST,
                        f"{each.rule.doc} ({each.rule.what})")
              for each in fields_of(form.object.lower()) if each.key != "name"), *form.attributes]


def _option(name: str, attribute: Attribute) -> inspect.Parameter:
    kind: Any = bool if attribute.takes is Takes.FLAG else list[str] | None  # a second value is seen, and refused
    flags = [f"--{attribute.keyword.lower()}"] + ([f"-{attribute.short.lower()}"] if attribute.short else [])
    metavar = None if attribute.takes is Takes.FLAG else (attribute.what or "value").upper()
    option = typer.Option(*flags, help=attribute.doc, metavar=metavar, show_default=False)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, option],
                             default=False if attribute.takes is Takes.FLAG else None)


def _value(raw: Any, keyword: str, takes: Takes, form: Form) -> Value | None:
    """An option's value as an attribute has it; None where it was not given. Raise Usage where it was given twice."""
    if takes is Takes.FLAG:
        return True if raw else None
    if not raw:
        return None
    if form.removes and raw == [""]:
        return True
    if takes is Takes.VALUE and len(raw) > 1:
        raise Usage(f"--{keyword.lower()}: expected only once")
    return str(raw[0]) if len(raw) == 1 else tuple(raw)


def _command(verb: Verb, form: Form, operands: tuple[str, ...], attributes: dict[str, Value], yes: bool) -> Command:
    """The command that the words mean. Raise Usage."""
    if verb.word == "IDR":
        command = parse("VTSPolicy IDR " + quoted(" ".join(operands)), Door.SHELL)
        for keyword in command.attributes:
            if keyword.upper() in attributes:
                raise refuse(command, keyword, f"{keyword} only once")
        return replace(command, attributes={**command.attributes, **attributes})
    if form.object == "IDR":
        operands = (" ".join(operands),)  # what IDR takes; the sentence is read as a whole
    if verb.shell_only:
        return Command(verb.word, form.object, operands, attributes, yes, door=Door.SHELL)
    asks = verb.destructive or bool(verb.destructive_with)
    return checked(Command(verb.word, form.object, operands, attributes, asks and yes), Door.SHELL)

