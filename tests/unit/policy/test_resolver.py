"""What START, RUN, PLAN and IDR mean among the policies."""

from __future__ import annotations

import pytest

from tests.unit.policy.conftest import autocopy, policies, pools_of, scheme
from vtspolicy.command.command import Door
from vtspolicy.command.sentence import parse
from vtspolicy.errors import EmptySource, Failure, Refusal, Unknown, Usage
from vtspolicy.policy.places import Pool, Vault
from vtspolicy.policy.policies import Policies
from vtspolicy.policy.request import Guard, Leg, Request
from vtspolicy.policy.resolver import resolve

PAYROLL = Pool("here", "VAULT01", "PAYROLL")
LEDGER = Pool("here", "VAULT01", "LEDGER")
NIGHTLY = scheme("NIGHTLY", "/VAULT01/PAYROLL", "vts2:/VAULT01/PAYROLL", "rate: 1 MB/s\n")
FANOUT = scheme("FANOUT", "/VAULT01/*", "['vts2:/VAULT01/{pool}', 'vts3:/VAULT01/{pool}']", "except: SCRATCH*\n")
BY_DAY = autocopy("DAY", "/VAULT01/PAYROLL", "vts2:/VAULT01/PAYROLL")


def resolved(world: Policies, sentence: str, door: Door = Door.SENTENCE) -> Request:
    return resolve(parse(sentence, door), world, pools_of)


def at(system: str, pool: Pool = PAYROLL, name: str | None = None) -> Pool:
    return Pool(system, pool.vault, name or pool.name)


def test_a_scheme_is_its_legs() -> None:
    world = policies(NIGHTLY)
    request = resolved(world, "START SCHEME NIGHTLY, REF PAY0304, REPLACE")
    assert request == Request("NIGHTLY", (Leg(PAYROLL, at("vts2"), ("*",), 1_000_000),), True, "PAY0304")


@pytest.mark.parametrize("sentence", [
    "RUN SCHEME NIGHTLY", "PLAN SCHEME NIGHTLY, CHECK", "PLAN START SCHEME NIGHTLY", "PLAN IDR NIGHTLY",
    "VTSPolicy IDR 'NIGHTLY'", "VTSPolicy IDR '/VAULT01/PAYROLL'", "VTSPolicy IDR '/VAULT01/PAYROLL d=vts2'",
    "VTSPolicy IDR 'NIGHTLY s=here d=vts2'", "PLAN IDR /VAULT01/PAYROLL, DESTINATION vts2, S here",
    "PLAN IDR '/VAULT01/PAYROLL d=vts2'", "PLAN VTSPolicy IDR 'NIGHTLY'", "PLAN VTSPolicy IDR NIGHTLY s=here",
    "PLAN IDR '/VAULT01/PAYROLL d=vts2', SOURCE here", "plan vtspolicy idr \"/VAULT01/PAYROLL d = vts2 s=here\", CHECK",
    "VTSPolicy IDR 'here:/VAULT01/PAYROLL s=here'"])
def test_sentences_that_mean_the_same(sentence: str) -> None:
    world = policies(NIGHTLY)
    assert resolved(world, sentence) == resolved(world, "START SCHEME NIGHTLY")


def test_a_reference_is_carried_from_both_grammars() -> None:
    world = policies(NIGHTLY)
    assert resolved(world, "VTSPolicy IDR 'NIGHTLY ref=PAY0304'").ref == "PAY0304"
    assert resolved(world, "START SCHEME NIGHTLY, REF PAY0304").ref == "PAY0304"
    assert not resolved(world, "START SCHEME NIGHTLY").replace


def test_templates_select_the_pools_that_are_there() -> None:
    world = policies(FANOUT)
    assert resolved(world, "START SCHEME FANOUT").legs == tuple(
        Leg(pool, Pool(system, "VAULT01", pool.name)) for pool in (LEDGER, PAYROLL) for system in ("vts2", "vts3"))
    assert {leg.target.system for leg in resolved(world, "VTSPolicy IDR 'FANOUT d=vts3'").legs} == {"vts3"}


def test_overlapping_sources_make_one_leg_each() -> None:
    world = policies(scheme("N", "[/VAULT01/P*, here:/VAULT01/*L, /VAULT01/PAYROLL]", "'vts2:/VAULT01/{pool}'"))
    assert resolved(world, "START SCHEME N").legs == (Leg(PAYROLL, at("vts2")),)


def test_a_template_that_selects_nothing_is_refused() -> None:
    world = policies(scheme("N", "/VAULT02/*", "'vts2:/VAULT02/{pool}'"),
                     scheme("M", "/VAULT01/S*", "'vts2:/VAULT01/{pool}'", "except: SCRATCH*\n"))
    with pytest.raises(EmptySource, match=r"scheme N: /VAULT02/\* selects no pool of here:/VAULT02"):
        resolved(world, "START SCHEME N")
    with pytest.raises(EmptySource, match="scheme M"):
        resolved(world, "START SCHEME M")


def test_vaults_are_asked_for_pools_only_where_a_template_stands() -> None:
    def never(vault: Vault) -> tuple[str, ...]:
        raise AssertionError(vault)

    world = policies(NIGHTLY)
    assert resolve(parse("START SCHEME NIGHTLY"), world, never).legs
    assert resolve(parse("VTSPolicy IDR '/VAULT01/PAYROLL'"), policies(FANOUT), never).legs


def test_a_tape_is_copied_as_its_pool_is() -> None:
    world = policies(NIGHTLY)
    request = resolved(world, "VTSPolicy IDR '/VAULT01/PAYROLL/T00001'")
    assert request == Request("NIGHTLY", (Leg(PAYROLL, at("vts2"), ("T00001",), 1_000_000),))


def test_the_most_exact_policy_wins() -> None:
    world = policies(FANOUT, NIGHTLY, scheme("P", "/VAULT01/P*", "'vts3:/VAULT01/{pool}'"))
    assert resolved(world, "VTSPolicy IDR '/VAULT01/PAYROLL'").policy == "NIGHTLY"
    assert resolved(world, "VTSPolicy IDR '/VAULT01/PRINT'").policy == "P"
    assert resolved(world, "VTSPolicy IDR '/VAULT01/LEDGER'").policy == "FANOUT"
    with pytest.raises(Refusal, match="no scheme and no AutoCopy policy covers here:/VAULT01/SCRATCH1"):
        resolved(world, "VTSPolicy IDR '/VAULT01/SCRATCH1'")


def test_a_scheme_goes_before_an_autocopy_policy_that_copies_the_same_way() -> None:
    assert resolved(policies(BY_DAY, NIGHTLY), "VTSPolicy IDR '/VAULT01/PAYROLL'").policy == "NIGHTLY"
    assert resolved(policies(BY_DAY), "VTSPolicy IDR '/VAULT01/PAYROLL'").policy == "DAY"


TWO = (NIGHTLY, scheme("OTHER", "/VAULT01/PAYROLL", "vts3:/VAULT01/PAYROLL"))
TWIN = (NIGHTLY, scheme("TWIN", "/VAULT01/PAYROLL", "vts2:/VAULT01/PAYROLL", "rate: 3 MB/s\n"))


@pytest.mark.parametrize("others", [TWO, TWIN, (BY_DAY, TWO[1]), (BY_DAY, *TWIN)])
def test_two_that_cover_a_pool_are_named_and_refused(others: tuple[str, ...]) -> None:
    world = policies(*others)
    with pytest.raises(Refusal) as refused:
        resolved(world, "VTSPolicy IDR '/VAULT01/PAYROLL'", Door.SHELL)
    assert refused.value.reason == "refused"
    for policy in world.copying:
        assert policy.name in str(refused.value)


def test_d_narrows_two_to_one() -> None:
    world = policies(*TWO)
    assert resolved(world, "VTSPolicy IDR '/VAULT01/PAYROLL d=vts3'", Door.HOST).policy == "OTHER"
    assert resolved(world, "VTSPolicy IDR '/VAULT01/PAYROLL d=vts2'", Door.HOST).policy == "NIGHTLY"


def test_the_tape_narrows_two_to_one() -> None:
    world = policies(scheme("A", "/VAULT01/PAYROLL", "vts2:/VAULT01/PAYROLL", "tapes: A*\n"),
                     scheme("B", "/VAULT01/PAYROLL", "vts2:/VAULT01/PAYROLL", "tapes: [B*, C1]\n"))
    assert resolved(world, "VTSPolicy IDR '/VAULT01/PAYROLL/A1'").policy == "A"
    assert resolved(world, "VTSPolicy IDR '/VAULT01/PAYROLL/C1'").policy == "B"
    with pytest.raises(Refusal, match=r"covered by scheme A and scheme B, which copies only the tapes A\*, B\* or C1"):
        resolved(world, "VTSPolicy IDR '/VAULT01/PAYROLL/D1'")


def test_in_the_shell_d_says_where() -> None:
    world = policies(*TWIN)
    request = resolved(world, "VTSPolicy IDR '/VAULT01/PAYROLL d=vts2'", Door.SHELL)
    assert request == Request(None, (Leg(PAYROLL, at("vts2"), ("*",), 1_000_000),))
    with pytest.raises(Refusal, match="covered by scheme NIGHTLY and scheme TWIN"):
        resolved(world, "VTSPolicy IDR '/VAULT01/PAYROLL d=vts2'", Door.HOST)
    request = resolved(world, "VTSPolicy IDR '/VAULT01/LEDGER/T1 d=vts3'", Door.SHELL)
    assert request == Request(None, (Leg(LEDGER, at("vts3", LEDGER), ("T1",)),))
    request = resolved(world, "VTSPolicy IDR '/VAULT01/LEDGER d=vts3'", Door.SHELL)
    assert request == Request(None, (Leg(LEDGER, at("vts3", LEDGER)),))


def test_where_two_say_the_same_the_stricter_of_their_guards_holds() -> None:
    strict = [scheme(name, "/VAULT01/PAYROLL", "vts2:/VAULT01/PAYROLL", f"guard: {{{guard}}}\n")
              for name, guard in (("ONE", "at-most-gone: 1 %"), ("TWO", "shrunk-to: 50 %"))]
    leg, = resolved(policies(*strict), "VTSPolicy IDR '/VAULT01/PAYROLL d=vts2'", Door.SHELL).legs
    assert leg.guard == Guard(at_most_gone=1, shrunk_to=50)


@pytest.mark.parametrize("door", [Door.SENTENCE, Door.HOST, Door.SSH])
@pytest.mark.parametrize(("sentence", "message"), [
    ("VTSPolicy IDR '/VAULT01/LEDGER d=vts3'", "no scheme and no AutoCopy policy covers here:/VAULT01/LEDGER"),
    ("VTSPolicy IDR '/VAULT01/PAYROLL d=vts3'", "scheme NIGHTLY, which copies to vts2 and not to vts3"),
])
def test_elsewhere_d_only_narrows(door: Door, sentence: str, message: str) -> None:
    world = policies(NIGHTLY)
    with pytest.raises(Refusal, match=message):
        resolved(world, sentence, door)
    assert resolved(world, sentence, Door.SHELL).policy is None


@pytest.mark.parametrize(("sentence", "failure", "message"), [
    ("START SCHEME NIGHTLI", Unknown, "there is no scheme NIGHTLI; the nearest is NIGHTLY"),
    ("START SCHEME nightly", Unknown, "the nearest is NIGHTLY"),
    ("START SCHEME /VAULT01/PAYROLL", Unknown, "there is no scheme /VAULT01/PAYROLL"),
    ("VTSPolicy IDR 'nightly'", Unknown, "the nearest is NIGHTLY"),
    ("VTSPolicy IDR 'NIGHTLY d=vts9'", Unknown, "there is no system vts9; the nearest is vts"),
    ("VTSPolicy IDR 'NIGHTLY d=vts3'", Refusal, "scheme NIGHTLY copies nothing to vts3; it copies to vts2"),
    ("VTSPolicy IDR 'NIGHTLY s=vts3'", Refusal, "scheme NIGHTLY copies nothing from vts3"),
    ("VTSPolicy IDR '/VAULT09/PAYROLL'", Unknown, "no system here declares the vault VAULT09; the nearest is VAULT0"),
    ("VTSPolicy IDR '/VAULT01/PAYROLL s=vts2'", Refusal, "no policy|no scheme"),
    ("VTSPolicy IDR 'vts2:/VAULT01/PAYROLL'", Refusal, "no policy|no scheme"),
    ("VTSPolicy IDR 'vts2:/VAULT01/PAYROLL d=vts3'", Refusal, "vts2 and the target's system vts3 are both reached"),
    ("VTSPolicy IDR 'vts2:/VAULT01/PAYROLL s=here'", Refusal, "vts2:/VAULT01/PAYROLL is not on here"),
    ("VTSPolicy IDR '/VAULT01'", Usage, "\\^\nexpected a pool or a tape"),
    ("VTSPolicy IDR '/VAULT01/PAYROLL/T*'", Usage, "\\^\nexpected a tape's name as part 3"),
    ("VTSPolicy IDR '/VAULT01/PAYROLL/../X'", Usage, "\\^\nexpected at most three parts"),
    ("VTSPolicy IDR 'VAULT01/PAYROLL'", Usage, "\\^\nexpected a path such as"),
    ("VTSPolicy IDR '/VAULT02/X d=vts3'", Unknown, "the system vts3 declares no vault VAULT02"),
    ("VTSPolicy IDR '/VAULT01/X d=here'", Refusal, "here:/VAULT01 and here:/VAULT01 are the same vault"),
    ("VTSPolicy IDR '/VAULT02/PAYROLL d=vts2'", Refusal, "no scheme"),
])
def test_what_is_refused(sentence: str, failure: type[Failure], message: str) -> None:
    world = policies(NIGHTLY)
    door = Door.HOST if "no scheme" in message else Door.SHELL
    with pytest.raises(failure, match=message):
        resolved(world, sentence, door)


def test_in_the_shell_too_no_two_sources_share_a_target() -> None:
    world = policies(scheme("N", "/VAULT02/A", "vts2:/VAULT01/B"), scheme("M", "/VAULT02/*", "'vts3:/VAULT01/{pool}'"))
    with pytest.raises(Refusal, match="vts2:/VAULT01/B is the target of scheme N, which copies /VAULT02/A to it"):
        resolved(world, "VTSPolicy IDR '/VAULT01/B d=vts2'", Door.SHELL)
    with pytest.raises(Refusal, match="vts3:/VAULT01/Z is the target of scheme M"):
        resolved(world, "VTSPolicy IDR '/VAULT01/Z d=vts3'", Door.SHELL)
    assert resolved(world, "VTSPolicy IDR '/VAULT01/A d=vts2'", Door.SHELL).legs


@pytest.mark.parametrize("word", ["vts2", "vts2.example.com", "VTS2.EXAMPLE.COM", "VTS2"])
def test_a_host_name_stands_for_its_system(word: str) -> None:
    assert resolved(policies(NIGHTLY), f"VTSPolicy IDR '/VAULT01/PAYROLL d={word}'").policy == "NIGHTLY"


@pytest.mark.parametrize("word", ["example.com", "vts2.other.com", "10", "vts"])
def test_what_is_nobodys_host_name(word: str) -> None:
    with pytest.raises(Unknown, match="there is no system"):
        resolved(policies(NIGHTLY), f"VTSPolicy IDR '/VAULT01/PAYROLL d={word}'")


def test_an_address_stands_for_its_system() -> None:
    assert resolved(policies(FANOUT), "VTSPolicy IDR 'FANOUT d=10.1.2.3'").legs[0].target.system == "vts3"


def test_no_policy_at_all() -> None:
    with pytest.raises(Refusal, match="covers here:/VAULT01/X; there is none"):
        resolved(policies(), "VTSPolicy IDR '/VAULT01/X'")


# ---- what can be typed where two policies cover a pool ---------------------------------------------------------------


TO_VTS3 = autocopy("FAR", "/VAULT01/PAYROLL", "vts3:/VAULT01/PAYROLL")
AGAIN = autocopy("AGAIN", "/VAULT01/PAYROLL", "vts2:/VAULT01/PAYROLL")


@pytest.mark.parametrize(("texts", "door", "advice"), [
    ((NIGHTLY, TO_VTS3), Door.SENTENCE,
     "VTSPolicy IDR 'NIGHTLY' runs that scheme, d=vts2 names the target, d=vts3 names the target"),
    ((BY_DAY, TO_VTS3), Door.SENTENCE, "d=vts2 names the target, d=vts3 names the target"),
    ((BY_DAY, AGAIN), Door.SHELL, "d=vts2 names the target"),
    ((BY_DAY, AGAIN), Door.SENTENCE,
     "no sentence can choose between them; let one of them leave the pool out (EXCEPT)"),
])
def test_a_choice_is_offered_only_where_it_can_be_typed(texts: tuple[str, ...], door: Door, advice: str) -> None:
    world = policies(*texts)
    with pytest.raises(Refusal) as caught:
        resolved(world, "VTSPolicy IDR '/VAULT01/PAYROLL'", door)
    assert str(caught.value).partition("; ")[2] == advice
    for word in advice.split(", "):
        if word.startswith("d="):
            assert resolved(world, f"VTSPolicy IDR '/VAULT01/PAYROLL {word.split()[0]}'", door).legs
