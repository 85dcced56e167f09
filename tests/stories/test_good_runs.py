"""A cluster comes up, and its egress is proved before it is paid for."""

from simulator.faults import FunctionFault, FunctionKind
from tests.stories.stage import BOTH_PROOFS, Stage


def test_the_seeds_one_group_comes_up_and_leaves_by_its_nat_gateways_address(stage: Stage) -> None:
    ending = stage.run(stage.request(Egress=BOTH_PROOFS))

    assert ending.run["State"] == "Provisioned", ending.run["CauseDetail"]
    assert ending.told == ["HyperPod Cluster Creating", "HyperPod Cluster Provisioned"]
    assert ending.run["Proved"] == ["BeforeCreate", "OnNodes"]
    assert ending.seen == {"controller": [stage.ids["ControllerPublicIp"]]}
    assert (ending.clusters, ending.probes, len(ending.slack)) == (1, 0, 2)


def test_two_groups_leave_by_two_addresses_each_its_own(stage: Stage) -> None:
    ending = stage.run(stage.two_groups())

    own = {"controller": [stage.ids["ControllerPublicIp"]], "worker": [stage.ids["WorkerPublicIp"]]}
    assert ending.run["State"] == "Provisioned"
    assert ending.seen == own
    assert {row["InstanceGroupName"]: row["ExpectedPublicIps"] for row in ending.run["PredictedEgress"]} == own
    assert ending.verdicts == {"controller": "Match", "worker": "Match"}
    assert [(group["InstanceGroupName"], group["CurrentCount"]) for group in ending.run["Groups"]] == [
        ("controller", 1),
        ("worker", 2),
    ]
    for address in (stage.ids["ControllerPublicIp"], stage.ids["WorkerPublicIp"]):
        assert address in ending.slack[-1]


def test_groups_that_all_bring_their_own_override_need_no_vpc_of_the_clusters(stage: Stage) -> None:
    request = stage.request(stage.group("worker", OverrideVpcConfig=stage.vpc("Worker")))
    del request["Cluster"]["VpcConfig"]
    ending = stage.run(request)

    assert ending.run["State"] == "Provisioned", ending.run["CauseDetail"]
    assert ending.seen == {"worker": [stage.ids["WorkerPublicIp"]]}


def test_without_a_proof_the_result_says_so(stage: Stage) -> None:
    ending = stage.run(stage.request(Egress={"Prove": []}))

    assert (ending.run["State"], ending.run["Proved"], ending.run["Egress"]) == ("Provisioned", [], [])
    assert "PROOF-002" in {finding["Rule"] for finding in ending.run["Findings"]}


def test_nodes_that_were_not_asked_are_told(stage: Stage) -> None:
    stage.sim.inject(FunctionFault("AskNodesFunction", FunctionKind.OUT_OF_MEMORY, nth=0))
    ending = stage.run(stage.request(Egress=BOTH_PROOFS))
    stage.sim.faults.clear()

    assert (ending.run["State"], ending.run["Proved"]) == ("Provisioned", ["BeforeCreate"])
    unknown = {finding["Rule"] for finding in ending.run["Findings"] if finding["Severity"] == "UNKNOWN"}
    assert "PROOF-001" in unknown
    assert [row for row in ending.run["Egress"] if row["Via"] == "OnNodes"] == []
