"""What the step makes of the endings of sessions, and what it tells the state machine."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import pytest

from control_plane.aws.switchboard import Budget, Ending, Question, Switchboard
from control_plane.domain.egress import PredictedEgress, Verdict
from control_plane.domain.probe.nodes import ATTEMPTS, NodeLedger, NodeProbe
from control_plane.domain.probe.verdict import ProbeVerdict
from control_plane.domain.run import Phase
from control_plane.errors import AccessDenied, AwsRefused, AwsUnavailable, CallFailed
from control_plane.session.outcome import End, Outcome
from control_plane.steps.ask_nodes import Report, Status, ask_nodes
from control_plane.steps.request import StepRequest
from tests.cluster_world import RunsInMemory, a_request, a_run, phase
from tests.hyperpod_in_memory import ARN, NOON, RUN_ID, Faults
from tests.probe_world import EvidenceInMemory, Wire, framed

NAT, OTHER = "203.0.113.10", "203.0.113.99"

Said = str | Outcome | CallFailed | None  # an address, how the session ended, or that there was no time for it


def ended(end: End, reason: str, stdout: str = "") -> Outcome:
    code = 0 if end is End.COMPLETED else None
    return Outcome(end=end, reason=reason, exit_code=code, stdout=stdout.encode(), stderr=b"", closed=True)


class Nodes(Switchboard):
    """Each node says the first of what is left of its words; the last one again and again."""

    def __init__(self, said: Mapping[str, list[Said]]) -> None:
        self.said, self.asked = {node: [*words] for node, words in said.items()}, list[str]()
        self.breaks: dict[str, Exception] = {}  # by the node that is not come to

    @contextmanager
    def asking(self, questions: Iterable[Question], reason: str, budget: Budget) -> Iterator[Iterator[Ending]]:
        yield self._answers(questions)

    def _answers(self, questions: Iterable[Question]) -> Iterator[Ending]:
        for question in questions:
            if question.key in self.breaks:
                raise self.breaks[question.key]
            self.asked.append(question.key)
            words = self.said[question.key]
            said = words.pop(0) if len(words) > 1 else words[0]
            if isinstance(said, str):
                yield question.key, ended(End.COMPLETED, "", _line(question, said))
            elif said is not None:
                yield question.key, said


def _line(question: Question, address: str) -> str:
    seen = {"url": 0, "address": address, "source": "10.0.1.7"}
    times = {"started": "2026-11-24T12:00:00Z", "ended": "2026-11-24T12:00:01Z"}
    answer = {"nonce": question.parameters["Nonce"], **times, "interface": "ens5", "addresses": [seen] * 3}
    return framed({**answer, "ipv6": [], "must_reach": [], "must_not_reach": []})


class Proof:
    def __init__(self, **said: list[Said]) -> None:
        self.nodes = Nodes(said)
        run = a_run(cluster_arn=ARN.format(1), **phase("ProbeNodes", NOON))
        self.runs = RunsInMemory(Faults(), run, a_request())
        self.evidence = EvidenceInMemory(Wire())
        probes = tuple(NodeProbe(instance_group_name="worker", subnet_id="subnet-1", instance_id=node) for node in said)
        self.evidence.put(RUN_ID, "nodes", NodeLedger(cluster_arn=ARN.format(1), probes=probes).to_wire())
        row = PredictedEgress(
            instance_group_name="worker", subnet_id="subnet-1", expected_public_ips=(NAT,), path="nat"
        )
        self.evidence.put(RUN_ID, "check", {"PredictedEgress": [row.to_wire()], "ScalingSubnets": []})

    def ask(self) -> Report:
        return ask_nodes(
            StepRequest(run_id=RUN_ID),
            runs=self.runs,
            evidence=self.evidence,
            switchboard=self.nodes,
            now=lambda: NOON,
        )

    def whole(self) -> Report:
        """As the state machine goes."""
        for _ in range(ATTEMPTS + 1):
            report = self.ask()
            if report.status is Status.ANSWERED:
                return report
        raise AssertionError("it went on without end")

    @property
    def verdicts(self) -> list[Verdict]:
        return [row.verdict for row in self.runs.run.egress]


def test_nodes_that_leave_as_promised_prove_it() -> None:
    proof = Proof(a=[NAT], b=[NAT])
    assert proof.ask() == Report(status=Status.ANSWERED, verdict=ProbeVerdict.PROVED)
    assert proof.verdicts == [Verdict.MATCH] * 2
    assert proof.runs.run.phase is Phase.JUDGE_EGRESS
    assert len(NodeLedger.from_wire(json.loads(proof.evidence.kept["nodes"])).egress) == 2


def test_a_node_that_leaves_otherwise_is_what_the_run_fails_of() -> None:
    report = Proof(a=[NAT], b=[OTHER]).ask()
    assert (report.verdict, report.error) == (ProbeVerdict.CONTRADICTED, "EgressOtherAddress")
    assert report.reason == f"worker, b: https://checkip.amazonaws.com: {OTHER}"


LOST = ended(End.UNKNOWN, "The connection was lost.")
EMPTY = ended(End.COMPLETED, "")
NOT_CONNECTED = AwsRefused("ssm:StartSession", "TargetNotConnected", "i-1 is not connected.")


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(LOST, id="the connection is lost"),
        pytest.param(EMPTY, id="it ends well and says nothing"),
        pytest.param(ended(End.COMPLETED, "", "half of"), id="it says a part"),
        pytest.param(ended(End.TIMED_OUT, "The time was over."), id="it takes too long"),
        pytest.param(NOT_CONNECTED, id="its agent is not connected"),
        pytest.param(None, id="there was no time for it"),
    ],
)
def test_what_went_wrong_without_a_word_about_the_way_out_is_tried_again(first: Said) -> None:
    proof = Proof(a=[NAT], b=[first, NAT])
    assert proof.ask().status is Status.MORE
    assert proof.whole().verdict is ProbeVerdict.PROVED
    assert proof.nodes.asked == ["a", "b", "b"]


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        pytest.param(LOST, "PROBE-007", id="lost"),
        pytest.param(EMPTY, "PROBE-007", id="empty"),
        pytest.param(ended(End.FAILED, "No KMS here."), "PROBE-013", id="an agent that encrypts"),
        pytest.param(NOT_CONNECTED, "PROBE-013", id="not connected"),
    ],
)
def test_and_at_last_it_is_unknown_never_blocked(said: Said, rule: str) -> None:
    proof = Proof(a=[NAT], b=[said])
    assert proof.whole() == Report(status=Status.ANSWERED, verdict=ProbeVerdict.UNKNOWN)
    assert proof.verdicts == [Verdict.MATCH, Verdict.UNKNOWN]
    assert [finding.rule for finding in proof.runs.run.findings] == [rule]
    assert proof.nodes.asked.count("b") == ATTEMPTS


def test_who_may_not_ask_one_node_asks_no_other() -> None:
    denied = AccessDenied("ssm:StartSession", "AccessDeniedException", "not authorized")
    proof = Proof(a=[denied], b=[NAT], c=[NAT])
    assert proof.ask().verdict is ProbeVerdict.UNKNOWN
    assert proof.nodes.asked == ["a"]
    assert proof.verdicts == [Verdict.UNKNOWN] * 3


BUSY = AwsUnavailable("dynamodb:UpdateItem", "ThrottlingException", "busy")


def test_what_was_heard_before_the_pace_could_not_be_kept_stays() -> None:
    proof = Proof(a=[NAT], b=[NAT])
    proof.nodes.breaks = {"b": BUSY}
    assert proof.ask().status is Status.MORE
    proof.nodes.breaks = {}
    assert proof.ask().verdict is ProbeVerdict.PROVED
    assert proof.nodes.asked == ["a", "b"]


def test_where_nothing_was_heard_the_state_machine_tries_again() -> None:
    proof = Proof(a=[NAT])
    proof.nodes.breaks = {"a": BUSY}
    with pytest.raises(AwsUnavailable):
        proof.ask()


def test_what_an_agent_says_is_told_in_one_printable_line() -> None:
    proof = Proof(a=[ended(End.FAILED, "\n----ERROR----\x1b[31m disk full")])
    proof.whole()
    assert proof.runs.run.egress[0].reason == "a gave no answer:  ----ERROR---- [31m disk full"


def test_a_step_that_is_repeated_after_all_have_answered_asks_nobody_again() -> None:
    proof = Proof(a=[NAT])
    first = proof.ask()
    assert proof.ask() == first
    assert proof.nodes.asked == ["a"]
