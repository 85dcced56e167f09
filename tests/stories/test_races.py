"""However many ask at once, for whatever, under whichever names: one run per RequestId, one live run per name."""

from collections import Counter
from typing import Any

import pytest

from tests.races.burst import Answers, Tally, at_once, burst, ends_of, named, names_of_clusters, requests, table_name
from tests.stories.stage import Stage

pytestmark = pytest.mark.long

REFUSED = Tally((202,), 1, 1, 1, 0, ("HyperPod Cluster Refused",))
PROVISIONED = Tally((202,), 1, 1, 1, 1, ("HyperPod Cluster Provisioned",))
UNPROVED: dict[str, Any] = {"Prove": []}  # a good run at its cheapest


def test_a_request_that_comes_16_times_at_once_through_both_doors_is_one_run_and_has_one_end(stage: Stage) -> None:
    asked = requests(stage, refused=4, good=1)
    assert Counter(burst(stage.sim, asked, deliveries=16)) == {REFUSED: 4, PROVISIONED: 1}


def race(stage: Stage, names: list[tuple[str, str]], deliveries: int = 4) -> dict[tuple[str, str], Answers]:
    """Ask under these (RequestId, name) pairs, all at once, while time stands still: no run ends before all asked."""
    request = stage.request(Egress=UNPROVED)
    pairs = [(f"{stage.cluster}-{id_}", f"{stage.cluster}-{name}") for id_, name in names]
    with stage.sim.hold():
        answers = at_once(stage.sim, [named(request, *pair) for pair in pairs], deliveries)
    stage.sim.settle()
    return dict(zip(names, answers, strict=True))


def winners(answers: dict[tuple[str, str], Answers]) -> set[tuple[str, str]]:
    return {pair for pair, got in answers.items() if {status for status, _ in got.told} == {202}}


def check_ends(stage: Stage, answers: dict[tuple[str, str], Answers]) -> None:
    """Each winner came up, once; each event of a loser was refused in an event of its own, and made nothing."""
    won = winners(answers)
    for (id_, name), got in answers.items():
        run_id = stage.sim.run_id(f"{stage.cluster}-{id_}")
        if (id_, name) in won:
            assert ends_of(stage.sim, run_id) == ["HyperPod Cluster Provisioned"]
        else:
            assert {status for status, _ in got.told} == {409}
            ends = [ends_of(stage.sim, stage.sim.run_id(event)) for event in got.event_ids]
            assert ends == [["HyperPod Cluster Refused"]] * len(got.event_ids)
    clusters = Counter(name for name in names_of_clusters(stage.sim) if name.startswith(f"{stage.cluster}-"))
    assert clusters == Counter(f"{stage.cluster}-{name}" for _, name in won)


def test_of_two_names_under_one_request_id_one_becomes_a_run_and_the_other_is_told_of_it(stage: Stage) -> None:
    answers = race(stage, [("a", "n1"), ("a", "n2")])

    assert len(winners(answers)) == 1
    assert {run for got in answers.values() for _, run in got.told} == {stage.sim.run_id(f"{stage.cluster}-a")}
    check_ends(stage, answers)


def test_of_four_request_ids_for_one_name_one_becomes_a_run_and_the_others_are_told_of_it(stage: Stage) -> None:
    answers = race(stage, [(id_, "n1") for id_ in "abcd"])

    [(winner, _)] = winners(answers)
    assert {run for got in answers.values() for _, run in got.told} == {stage.sim.run_id(f"{stage.cluster}-{winner}")}
    check_ends(stage, answers)


def test_two_who_ask_for_both_names_at_once_get_one_each(stage: Stage) -> None:
    answers = race(stage, [("a", "n1"), ("b", "n2"), ("a", "n2"), ("b", "n1")])

    assert winners(answers) in ({("a", "n1"), ("b", "n2")}, {("a", "n2"), ("b", "n1")})
    check_ends(stage, answers)


@pytest.mark.parametrize("again", [["a", "b"], ["c", "d"]], ids=["the old ids", "new ids"])
def test_two_who_then_ask_for_each_others_name_are_told_whose_it_is(stage: Stage, again: list[str]) -> None:
    request = stage.request(Egress=UNPROVED)
    names = [f"{stage.cluster}-n1", f"{stage.cluster}-n2"]
    first = [named(request, f"{stage.cluster}-{id_}", name) for id_, name in zip("ab", names, strict=True)]
    second = [named(request, f"{stage.cluster}-{id_}", name) for id_, name in zip(again, names[::-1], strict=True)]
    with stage.sim.hold():
        holders = [next(iter(got.told)) for got in at_once(stage.sim, first, 2)]
        refusals = at_once(stage.sim, second, 4)
    stage.sim.settle()

    (status_a, run_a), (status_b, run_b) = holders
    in_the_way = [run_a, run_b] if again == ["a", "b"] else [run_b, run_a]
    assert (status_a, status_b) == (202, 202)
    assert [got.told for got in refusals] == [{(409, run)} for run in in_the_way]
    assert [ends_of(stage.sim, run) for run in (run_a, run_b)] == [["HyperPod Cluster Provisioned"]] * 2
    refused = [ends_of(stage.sim, stage.sim.run_id(event)) for got in refusals for event in got.event_ids]
    assert refused == [["HyperPod Cluster Refused"]] * 4
    assert sorted(name for name in names_of_clusters(stage.sim) if name in names) == names


# ---------------------------------------------------------------- a claim that somebody deletes by hand


def delete_claim(stage: Stage) -> None:
    key = {"pk": {"S": f"NAME#{stage.cluster}"}, "sk": {"S": "CLAIM"}}
    gone = stage.sim.client("dynamodb").delete_item(TableName=table_name(stage.sim), Key=key, ReturnValues="ALL_OLD")
    assert "Attributes" in gone


def claims(stage: Stage) -> int:
    key = {"pk": {"S": f"NAME#{stage.cluster}"}, "sk": {"S": "CLAIM"}}
    return len(stage.sim.client("dynamodb").get_item(TableName=table_name(stage.sim), Key=key).keys() & {"Item"})


def test_a_run_whose_claim_is_deleted_ends_as_if_nothing_had_happened(stage: Stage) -> None:
    run_id = stage.start(stage.request(), until="ProbeSubnets")
    delete_claim(stage)
    stage.sim.settle()

    ending = stage.ending(run_id)
    assert (ending.run["State"], ending.clusters, len(ending.ends)) == ("Provisioned", 1, 1)


@pytest.mark.parametrize(
    ("until", "lost_as"),
    [
        pytest.param("ProbeSubnets", ("Failed", "NameInUse"), id="before there is a cluster"),
        pytest.param("WaitForCluster", ("Refused", None), id="while the cluster comes up"),
    ],
)
@pytest.mark.parametrize("on_failure", ["Keep", "Delete"])
def test_a_second_run_that_got_in_by_a_deleted_claim_makes_and_deletes_no_cluster(
    stage: Stage, until: str, lost_as: tuple[str, str | None], on_failure: str
) -> None:
    first, second = stage.request(OnFailure=on_failure), stage.request(OnFailure=on_failure)
    second["RequestId"] += "-second"
    stage.start(first, until=until)
    with stage.sim.hold():
        delete_claim(stage)
        assert stage.sim.api("POST", "/clusters", second).status == 202
    stage.sim.settle()
    endings = [stage.ending(stage.sim.run_id(request["RequestId"])) for request in (first, second)]

    assert [(it.run["State"], it.run["Cause"]) for it in endings] == [("Provisioned", None), lost_as]
    assert [(it.clusters, len(it.ends), it.probes) for it in endings] == [(1, 1, 0)] * 2
    assert stage.sim.get(f"/clusters/{stage.cluster}")["RunId"] == endings[0].run["RunId"]
    assert claims(stage) == 0
