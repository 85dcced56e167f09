"""What is wrong with a network is said before any cluster exists."""

from collections.abc import Callable

import pytest

from tests.stories.stage import Ending, Stage

ANYWHERE = "0.0.0.0/0"


def take_the_route_away(stage: Stage) -> None:
    stage.ec2.delete_route(RouteTableId=stage.ids["ControllerRouteTableId"], DestinationCidrBlock=ANYWHERE)


def delete_the_nat_gateway(stage: Stage) -> None:
    stage.ec2.delete_nat_gateway(NatGatewayId=stage.ids["ControllerNatGatewayId"])
    stage.sim.clock.sleep(600)  # deleting takes a while; then the route that is left is a blackhole


def route_to_a_nat_gateway_that_failed(stage: Stage) -> None:
    failed = stage.failed_nat_gateway()
    stage.route("Controller", NatGatewayId=failed)


def route_to_the_internet_gateway(stage: Stage) -> None:
    stage.route("Controller", GatewayId=stage.internet_gateway())


def cut_off_the_public_subnet(stage: Stage) -> None:
    stage.ec2.detach_internet_gateway(InternetGatewayId=stage.internet_gateway(), VpcId=stage.ids["VpcId"])


def close_the_network_acl(stage: Stage) -> None:
    acls = stage.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [stage.ids["VpcId"]]}])["NetworkAcls"]
    deny = {"Protocol": "-1", "RuleAction": "deny", "RuleNumber": 1, "Egress": True, "CidrBlock": ANYWHERE}
    stage.ec2.create_network_acl_entry(NetworkAclId=acls[0]["NetworkAclId"], **deny)


def assert_refused_before_anything_was_made(ending: Ending) -> None:
    assert ending.run["State"] == "Refused", ending.run["CauseDetail"]
    assert ending.told == ["HyperPod Cluster Refused"]
    assert (ending.clusters, ending.probes, len(ending.slack)) == (0, 0, 1)
    assert "HyperPod Cluster Refused" not in ending.slack[0] or ending.run["ClusterName"] in ending.slack[0]


@pytest.mark.changes_network
@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        pytest.param(take_the_route_away, "ROUTE-002", id="a subnet without a route"),
        pytest.param(delete_the_nat_gateway, "ROUTE-003", id="a route that is a blackhole"),
        pytest.param(route_to_a_nat_gateway_that_failed, "ROUTE-003", id="a NAT gateway that failed"),
        pytest.param(route_to_the_internet_gateway, "ROUTE-001", id="a route straight to an internet gateway"),
        pytest.param(cut_off_the_public_subnet, "NAT-004", id="a NAT gateway in a subnet that is cut off"),
        pytest.param(close_the_network_acl, "ACL-001", id="a network ACL that lets nothing out"),
    ],
)
def test_a_network_that_leads_nowhere_is_refused_with_the_rule_that_says_so(
    stage: Stage, spoil: Callable[[Stage], None], rule: str
) -> None:
    spoil(stage)
    ending = stage.run(stage.request())

    assert_refused_before_anything_was_made(ending)
    assert rule in ending.rules
    assert rule in ending.slack[0]


def test_addresses_that_the_routes_do_not_promise_are_refused(stage: Stage) -> None:
    ending = stage.run(stage.request(Egress={"ExpectedPublicIps": ["203.0.113.99"]}))

    assert_refused_before_anything_was_made(ending)
    assert "EGRESS-001" in ending.rules


@pytest.mark.changes_network
def test_a_subnet_of_another_vpc_is_refused(stage: Stage) -> None:
    other = Stage(stage.sim)
    mixed = stage.group("worker", OverrideVpcConfig=other.vpc("Controller"))
    ending = stage.run(stage.request(stage.group("controller"), mixed))

    assert_refused_before_anything_was_made(ending)
    assert any(rule.startswith("NET-") for rule in ending.rules)


@pytest.mark.changes_network
def test_a_lifecycle_script_that_is_not_there_is_refused(stage: Stage) -> None:
    stage.sim.client("s3").delete_object(Bucket=f"sagemaker-{stage.cluster}", Key="config/on_create.sh")
    ending = stage.run(stage.request())

    assert_refused_before_anything_was_made(ending)
    assert any(rule.startswith("LCS-") for rule in ending.rules)


def test_a_name_that_somebody_elses_cluster_has_is_refused(stage: Stage) -> None:
    first = stage.run(stage.request())
    second = stage.run(stage.request() | {"RequestId": "another"})

    assert first.run["State"] == "Provisioned"
    assert second.run["State"] == "Refused"
    assert "NAME-001" in second.rules
    assert second.clusters == 1


def test_an_echo_service_that_nobody_reaches_means_that_egress_is_blocked(stage: Stage) -> None:
    stage.sim.internet.outside.block("echo.example.com")
    ending = stage.run(stage.request(Egress={"EchoUrls": ["https://echo.example.com"]}))

    assert_refused_before_anything_was_made(ending)
    assert ending.verdicts == {"controller": "Blocked"}


def test_an_address_that_no_route_promises_is_a_contradiction(stage: Stage) -> None:
    stage.sim.internet.outside.answer("liar.example.com", "203.0.113.250")
    ending = stage.run(stage.request(Egress={"EchoUrls": ["https://liar.example.com"]}))

    assert_refused_before_anything_was_made(ending)
    assert ending.verdicts == {"controller": "OtherAddress"}
    assert ending.seen == {"controller": ["203.0.113.250"]}


@pytest.mark.parametrize(
    ("terms", "verdict"),
    [
        pytest.param({"MustReach": ["https://nobody.invalid/"]}, "Blocked", id="what must open does not"),
        pytest.param({"MustNotReach": ["https://example.com/"]}, "OtherAddress", id="what must not open does"),
    ],
)
def test_further_urls_are_part_of_the_proof(stage: Stage, terms: dict[str, list[str]], verdict: str) -> None:
    ending = stage.run(stage.request(Egress=terms))

    assert_refused_before_anything_was_made(ending)
    assert ending.verdicts == {"controller": verdict}
    assert next(iter(terms.values()))[0] in ending.slack[0]


def test_a_blocker_that_was_accepted_knowingly_is_no_longer_in_the_way(stage: Stage) -> None:
    blocked = stage.run(stage.request(Egress={"ExpectedPublicIps": ["203.0.113.99"], "Prove": []}))
    terms = {"ExpectedPublicIps": ["203.0.113.99"], "Prove": []}
    accepted = stage.run(
        stage.request(Egress=terms, Suppress=sorted(blocked.rules)) | {"RequestId": f"{stage.cluster}-2"}
    )

    assert (blocked.run["State"], accepted.run["State"]) == ("Refused", "Provisioned")
    assert blocked.rules <= {finding["Rule"] for finding in accepted.run["Findings"] if finding["Severity"] == "WARNS"}
