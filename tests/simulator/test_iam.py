"""The simulator's IAM: what a policy allows, and that it never passes over what it does not know."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from simulator.cloudformation.deploy import Deployed
from simulator.cloudformation.registry import NotModelledError
from simulator.context import ACCOUNT
from simulator.iam.authoriser import Authoriser, asks_of
from simulator.iam.calls import Asked, keys
from simulator.iam.conditions import conditions
from simulator.iam.ledger import Ledger, Place
from simulator.iam.policies import Ask, allowing, grants_of
from simulator.operations import Call, Refusal

TABLE = "arn:aws:dynamodb:ap-northeast-1:123456789012:table/runs"
CLUSTER = "arn:aws:sagemaker:ap-northeast-1:123456789012:cluster/abc"
OURS = {"StringEquals": {"aws:ResourceTag/stack": "ours"}}
RUNS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["RUN#*"]}}
PACE = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["PACE"]}}
CHECKED = {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}
TAGGING = {"Null": {"sagemaker:TaggingAction": "false"}}


def read(**statement: Any) -> Any:
    said = {"Effect": "Allow", "Action": "a:B", "Resource": "*"} | statement
    return grants_of("Role", "Policy", json.dumps({"Statement": [said]}))


def covers(resource: str, arn: str, condition: dict[str, Any] | None = None, **known: list[str]) -> bool:
    [grant] = read(Resource=resource, Condition=condition or {})["a:b"]
    return bool(grant.covers(Ask("a:B", arn, keys(known))))


@pytest.mark.parametrize(
    ("pattern", "arn", "covered"),
    [
        pytest.param(TABLE, TABLE, True, id="itself"),
        pytest.param(TABLE, f"{TABLE}/index/Open", False, id="not what is below it"),
        pytest.param("*", TABLE, True, id="everything"),
        pytest.param(CLUSTER.replace("abc", "*"), CLUSTER, True, id="any of its kind"),
        pytest.param("arn:aws:ec2:*:*:subnet/*", "arn:aws:ec2:eu-west-1:1:subnet/s", True, id="any region and account"),
        pytest.param("arn:aws:ec2:*:subnet/*", "arn:aws:ec2:eu-west-1:1:subnet/s", False, id="no part is left out"),
        pytest.param("arn:aws:ec2:*:1:subnet/*", "arn:aws:ec2:a:2:x:1:subnet/s", False, id="no part spills over"),
        pytest.param("arn:aws:s3:::sagemaker-*", "arn:aws:s3:::sagemaker-a", True, id="a bucket by its beginning"),
        pytest.param("arn:aws:s3:::bucket/runs/*", "arn:aws:s3:::bucket/other/x", False, id="another folder"),
        pytest.param("arn:aws:s3:::b.cket", "arn:aws:s3:::bucket", False, id="a dot is a dot"),
        pytest.param(CLUSTER, "*", False, id="whatever there is needs a grant on everything"),
    ],
)
def test_a_grant_covers_the_resources_that_its_pattern_means(pattern: str, arn: str, covered: bool) -> None:  # noqa: FBT001 (a column of the table)
    assert covers(pattern, arn) == covered


@pytest.mark.parametrize(
    ("condition", "known", "holds"),
    [
        pytest.param(OURS, {"aws:ResourceTag/stack": ["ours"]}, True, id="the tag"),
        pytest.param(OURS, {"aws:ResourceTag/stack": ["theirs"]}, False, id="another value"),
        pytest.param(OURS, {}, False, id="no tag"),
        pytest.param(RUNS, {"dynamodb:LeadingKeys": ["RUN#1", "RUN#2"]}, True, id="all of the keys"),
        pytest.param(RUNS, {"dynamodb:LeadingKeys": ["RUN#1", "NAME#x"]}, False, id="not all of the keys"),
        pytest.param(RUNS, {}, True, id="of none, all"),
        pytest.param(PACE, {"dynamodb:LeadingKeys": ["PACE"]}, True, id="this key"),
        pytest.param(PACE, {"dynamodb:LeadingKeys": ["PACE#x"]}, False, id="and no other"),
        pytest.param(CHECKED, {"ssm:SessionDocumentAccessCheck": ["true"]}, True, id="true"),
        pytest.param(CHECKED, {"ssm:SessionDocumentAccessCheck": ["false"]}, False, id="not true"),
        pytest.param(CHECKED, {}, True, id="true, if there at all"),
        pytest.param(TAGGING, {"sagemaker:TaggingAction": ["CreateCluster"]}, True, id="there, as it has to be"),
        pytest.param(TAGGING, {}, False, id="absent, as it must not be"),
        pytest.param(OURS | TAGGING, {"aws:ResourceTag/stack": ["ours"]}, False, id="one condition of two"),
    ],
)
def test_a_grant_holds_under_all_its_conditions(
    condition: dict[str, Any],
    known: dict[str, list[str]],
    holds: bool,  # noqa: FBT001 (a column of the table)
) -> None:
    assert covers("*", CLUSTER, condition, **known) == holds


def test_a_denial_beats_every_grant() -> None:
    [grant], [denial] = read()["a:b"], read(Effect="Deny", Resource=CLUSTER)["a:b"]
    assert allowing([grant, denial], Ask("a:B", TABLE)) == grant
    assert allowing([grant, denial], Ask("a:B", CLUSTER)) is None


def test_what_nobody_mentions_is_refused() -> None:
    assert allowing([], Ask("a:B", CLUSTER)) is None


def test_a_call_of_unknown_resources_is_granted_on_everything_or_cannot_be_judged() -> None:
    unknown = Ask("a:B", "*")
    assert allowing(read()["a:b"], unknown) is not None
    assert allowing([], unknown) is None
    with pytest.raises(NotModelledError, match="on which resources a:B"):
        allowing(read(Resource=CLUSTER)["a:b"], unknown)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        pytest.param({"NotAction": "a:C"}, "NotAction", id="a statement by exception"),
        pytest.param({"Action": "a:*"}, "a:\\*", id="an action by pattern"),
        pytest.param({"Condition": {"IpAddress": {"aws:ResourceTag/x": "1"}}}, "IpAddress", id="an operator"),
        pytest.param({"Condition": {"StringEquals": {"aws:SourceVpc": "1"}}}, "aws:SourceVpc", id="a key"),
        pytest.param({"Condition": {"StringEquals": {"ec2:Owner": "${aws:username}"}}}, "variables", id="a variable"),
    ],
)
def test_what_is_not_read_stops_whoever_reads_it(statement: dict[str, Any], named: str) -> None:
    with pytest.raises(NotModelledError, match=named):
        read(**statement)


def test_an_action_is_found_whatever_its_case() -> None:
    assert set(read(Action="A:b")) == {"a:b"}


def test_a_condition_asks_only_for_the_keys_that_it_names() -> None:
    asked = []

    def look(key: str) -> list[str]:
        asked.append(key)
        return []

    assert not all(each.holds(look) for each in conditions(OURS))
    assert asked == ["aws:ResourceTag/stack"]


class World:
    """As much of `Resources` as these calls look up."""

    def partition_key(self, table: str) -> str:
        return "pk"


def json_call(operation: str, **body: Any) -> Asked:
    service, _, name = operation.partition(":")
    return Asked(Call("a function", service, name, "json"), {}, json.dumps(body).encode())


def test_a_transaction_needs_each_of_its_writes() -> None:
    key = {"TableName": "runs", "Key": {"pk": {"S": "RUN#1"}, "sk": {"S": "RUN"}}}
    item = {"TableName": "runs", "Item": {"pk": {"S": "NAME#x"}, "sk": {"S": "CLAIM"}}}
    asked = json_call("dynamodb:TransactWriteItems", TransactItems=[{"Update": key}, {"Put": item}, {"Delete": key}])
    found = asks_of(asked, World())  # type: ignore[arg-type]  # it looks no further

    assert [each.action for each in found] == ["dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]
    assert {each.resource for each in found} == {TABLE}
    assert [each.keys("dynamodb:LeadingKeys") for each in found] == [["RUN#1"], ["NAME#x"], ["RUN#1"]]


def test_a_session_needs_its_document_and_the_cluster_of_its_node() -> None:
    asked = json_call("ssm:StartSession", Target="sagemaker-cluster:abc_a_group-i-0-i-01", DocumentName="Probe")
    document, cluster = asks_of(asked, World())  # type: ignore[arg-type]  # it looks no further

    assert document.resource == "arn:aws:ssm:ap-northeast-1:123456789012:document/Probe"
    assert cluster.resource == CLUSTER
    assert {each.action for each in (document, cluster)} == {"ssm:StartSession"}


def test_a_query_of_an_index_needs_the_index() -> None:
    [found] = asks_of(json_call("dynamodb:Query", TableName="runs", IndexName="Open"), World())  # type: ignore[arg-type]  # it looks no further
    assert found.resource == f"{TABLE}/index/Open"


def test_a_query_is_not_let_past_a_condition_on_its_keys() -> None:
    [found] = asks_of(json_call("dynamodb:Query", TableName="runs"), World())  # type: ignore[arg-type]  # it looks no further
    with pytest.raises(NotModelledError, match="leading keys"):
        found.keys("dynamodb:LeadingKeys")


def test_a_query_of_one_partition_is_judged_by_its_key() -> None:
    values = {":pk": {"S": "RUN#1"}}
    asked = json_call(
        "dynamodb:Query",
        TableName="runs",
        KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
        ExpressionAttributeValues=values,
    )
    [found] = asks_of(asked, World())  # type: ignore[arg-type]  # it looks no further
    assert list(found.keys("dynamodb:LeadingKeys")) == ["RUN#1"]


def test_a_command_to_targets_that_are_not_known_is_not_let_past_the_grant_on_instances() -> None:
    asked = json_call("ssm:SendCommand", DocumentName="d", Targets=[{"Key": "tag:x", "Values": ["y"]}])
    with pytest.raises(NotModelledError, match="Targets"):
        asks_of(asked, World())  # type: ignore[arg-type]  # it looks no further


@pytest.mark.parametrize(
    "more",
    ["KeyName=k", "IamInstanceProfile.Name=a", "LaunchTemplate.Version=1", "BlockDeviceMapping.1.Ebs.SnapshotId=s"],
)
def test_a_launch_that_asks_for_more_than_is_read_here_cannot_be_judged(more: str) -> None:
    asked = Asked(Call("a function", "ec2", "RunInstances", "query"), {}, f"ImageId=ami-1&{more}".encode())
    with pytest.raises(NotModelledError, match=more.partition("=")[0]):
        asks_of(asked, World())  # type: ignore[arg-type]  # it looks no further


def test_a_call_that_nobody_described_is_asked_for_on_everything() -> None:
    [found] = asks_of(json_call("stepfunctions:ListStateMachines"), World())  # type: ignore[arg-type]  # it looks no further
    assert (found.action, found.resource) == ("states:ListStateMachines", "*")


def test_what_a_test_tries_on_purpose_says_nothing_of_what_functions_need() -> None:
    ledger, place = Ledger(), Place("Role", "Policy", 0, "a:B", 0)
    with ledger.on_purpose():
        ledger.allow(place)
        ledger.refuse("no")
    assert (dict(ledger.used), dict(ledger.missing)) == ({}, {})
    ledger.allow(place)
    ledger.refuse("no")
    assert (dict(ledger.used), dict(ledger.missing)) == ({place: 1}, {"no": 1})


PLANE = Deployed(
    outputs={},
    template={"Resources": {"F": {"Properties": {"Role": {"Fn::GetAtt": ["R", "Arn"]}}}}},
    resources={"AWS::IAM::Role": {"R": "the-role"}, "AWS::Lambda::Function": {"F": "the-function"}},
)
UNREAD = {"StringNotEquals": {"aws:ResourceTag/stack": "theirs"}}


def with_policy(patch: pytest.MonkeyPatch, **statement: Any) -> Authoriser:
    """Deploy one function whose role has one policy of one statement."""
    said = {"Effect": "Allow", "Action": "sagemaker:DeleteCluster", "Resource": "*"} | statement
    role = SimpleNamespace(policies={"Policy": json.dumps({"Statement": [said]})}, managed_policies={})
    backend = SimpleNamespace(get_role={"the-role": role}.__getitem__)
    patch.setattr("simulator.iam.authoriser.iam_backends", {ACCOUNT: {"aws": backend}})
    strangers = SimpleNamespace(all=lambda: [SimpleNamespace(arn=CLUSTER, name="theirs", tags={"stack": "theirs"})])
    return Authoriser(PLANE, strangers, Ledger())  # type: ignore[arg-type]  # as much of HyperPod as is looked at


def judged(authoriser: Authoriser, caller: str = "the-function") -> Refusal | None:
    call = Call(caller, "sagemaker", "DeleteCluster", "json")
    return authoriser.judge(call, {}, json.dumps({"ClusterName": "theirs"}).encode())


def test_a_role_that_cannot_be_read_stops_the_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotModelledError, match="StringNotEquals"):
        with_policy(monkeypatch, Condition=UNREAD)


def test_a_call_that_the_role_does_not_allow_is_refused_in_awss_words(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = judged(with_policy(monkeypatch, Condition=OURS))
    assert refusal == Refusal(
        "AccessDeniedException",
        "User: arn:aws:sts::123456789012:assumed-role/the-role/the-function is not authorized to perform: "
        f"sagemaker:DeleteCluster on resource: {CLUSTER} because no identity-based policy allows the "
        "sagemaker:DeleteCluster action",
    )


def test_a_call_that_the_role_allows_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(with_policy(monkeypatch)) is None


def test_nobody_is_judged_whose_role_is_not_of_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(with_policy(monkeypatch, Condition=OURS), caller="visitor") is None
