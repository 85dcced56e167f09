"""What a function could do if its code were somebody else's: calls in its name, judged by its role."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from simulator.app import Simulator
from simulator.iam.ledger import ledger_of
from simulator.world import Plan
from tests.stories.stage import Stage

STACK = {"Key": "hyperpod-vpc:stack", "Value": "hyperpod-vpc"}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
CREATOR, DELETER, LAUNCHER, ASKER, REMOVER, SWEEPER, CHECKER, NOTIFIER, RECORDER, API = (
    f"{name}Function"
    for name in (
        "CreateCluster", "DeleteCluster", "LaunchProbes", "AskProbes", "RemoveProbes", "SweepRuns", "CheckAccount",
        "NotifySlack", "RecordOutcome", "Api",
    )
)  # fmt: skip


def key(partition: str, sort: str) -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"S": sort}}


@dataclass(frozen=True)
class Account:
    """The account that the stack is in, with things of other people's, and the same things as ours."""

    sim: Simulator
    stage: Stage
    theirs: dict[str, str]
    ours: dict[str, str]

    @property
    def table(self) -> str:
        [name] = self.sim.client("dynamodb").list_tables()["TableNames"]
        return str(name)

    @property
    def admin(self) -> dict[str, str]:
        """An instance profile that is not the probe's."""
        return {"Arn": self.theirs["profile"]}

    @property
    def document(self) -> str:
        return self.sim.outputs["ProbeDocumentName"]

    @property
    def evidence(self) -> str:
        return self.sim.outputs["EvidenceBucketName"]

    @property
    def scripts(self) -> str:
        """The bucket that lifecycle scripts come from."""
        return f"sagemaker-{self.stage.cluster}"

    def call(self, function: str, call: str, args: Callable[["Account"], dict[str, Any]]) -> Any:
        """Make a call, "ec2:RunInstances", in the function's name."""
        service, _, operation = call.partition(":")
        client = self.sim.acting_as(function)({"states": "stepfunctions"}.get(service, service))
        with ledger_of(Plan().template).on_purpose():
            return getattr(client, xform_name(operation))(**args(self))

    def launch(self, **changes: Any) -> dict[str, Any]:
        """RunInstances as the launcher asks for it, but for these."""
        tagged = [{"ResourceType": kind, "Tags": [STACK]} for kind in ("instance", "volume", "network-interface")]
        asked = {"ImageId": self.ours["image"], "InstanceType": "t4g.nano", "MinCount": 1, "MaxCount": 1}
        subnet = self.stage.ids["WorkerSubnetId"]
        return asked | {"SubnetId": subnet, "TagSpecifications": tagged} | changes

    def cluster(self, name: str, role: str = "", **changes: Any) -> dict[str, Any]:
        """CreateCluster as the creator asks for it, but for these."""
        group = self.stage.group("controller") | ({"ExecutionRole": role} if role else {})
        cluster: dict[str, Any] = self.stage.request(group)["Cluster"]
        return cluster | {"ClusterName": name, "Tags": [STACK]} | changes


@pytest.fixture(scope="module")
def account(simulator: Simulator) -> Iterator[Account]:
    stage = Stage(simulator)
    ec2, sagemaker, iam = (simulator.client(name) for name in ("ec2", "sagemaker", "iam"))
    image = simulator.client("ssm").get_parameter(
        Name="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
    )["Parameter"]["Value"]
    account = Account(simulator, stage, {}, {"image": image})
    for whose, tags in ((account.theirs, [{"Key": "team", "Value": "b"}]), (account.ours, [STACK])):
        name = f"{stage.cluster}-{len(tags[0]['Key'])}"
        sagemaker.create_cluster(**account.cluster(name, Tags=tags))
        tagged = [{"ResourceType": "instance", "Tags": tags}]
        made = ec2.run_instances(**account.launch(TagSpecifications=tagged))["Instances"][0]
        whose |= {"cluster": name, "instance": made["InstanceId"]}
    account.theirs["arn"] = sagemaker.describe_cluster(ClusterName=account.theirs["cluster"])["ClusterArn"]
    account.theirs["image"] = ec2.create_image(InstanceId=account.theirs["instance"], Name=stage.cluster)["ImageId"]
    profile = iam.create_instance_profile(InstanceProfileName=f"{stage.cluster}-admin")["InstanceProfile"]
    iam.add_role_to_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName=stage.cluster)
    account.theirs["profile"] = profile["Arn"]
    yield account
    simulator.settle()


Args = Callable[[Account], dict[str, Any]]
MACHINE = "arn:aws:states:ap-northeast-1:123456789012:{}"
SHELL, PARAMETER = "AWS-RunShellScript", "/team-b/password"
ADMIN = "arn:aws:iam::123456789012:role/admin"
SLACKS, ANOTHERS = ({"SecretId": name} for name in ("slack-webhook", "database"))
CLAIM, POINTER, REQUEST = key("NAME#x", "CLAIM"), key("CLUSTER#x", "CLUSTER"), key("RUN#run-1", "REQUEST")

# Who calls, what, with which arguments; and what is refused where that is not the call itself.
REFUSED: list[tuple[str, str, Args, str]] = [
    (DELETER, "sagemaker:DeleteCluster", lambda it: {"ClusterName": it.theirs["cluster"]}, ""),
    (DELETER, "sagemaker:DeleteCluster", lambda it: {"ClusterName": it.theirs["arn"]}, ""),
    (CREATOR, "sagemaker:AddTags", lambda it: {"ResourceArn": it.theirs["arn"], "Tags": [STACK]}, ""),
    (CREATOR, "sagemaker:CreateCluster", lambda it: it.cluster("untagged", Tags=[]), ""),
    (CREATOR, "sagemaker:CreateCluster", lambda it: it.cluster("admin", role=ADMIN), "iam:PassRole"),
    (CREATOR, "sagemaker:UpdateCluster", lambda it: {"ClusterName": it.ours["cluster"]}, ""),
    (CREATOR, "ec2:RunInstances", lambda it: it.launch(), ""),
    (LAUNCHER, "ec2:RunInstances", lambda it: it.launch(TagSpecifications=[]), ""),
    (LAUNCHER, "ec2:RunInstances", lambda it: it.launch(InstanceType="c7g.16xlarge"), ""),
    (LAUNCHER, "ec2:RunInstances", lambda it: it.launch(ImageId=it.theirs["image"]), ""),
    (LAUNCHER, "ec2:RunInstances", lambda it: it.launch(IamInstanceProfile=it.admin), "iam:PassRole"),
    (LAUNCHER, "ec2:CreateTags", lambda it: {"Resources": [it.theirs["instance"]], "Tags": [STACK]}, ""),
    (REMOVER, "ec2:TerminateInstances", lambda it: {"InstanceIds": [it.theirs["instance"]]}, ""),
    (REMOVER, "ec2:TerminateInstances", lambda it: {"InstanceIds": [it.ours["instance"], it.theirs["instance"]]}, ""),
    (ASKER, "ssm:SendCommand", lambda it: {"DocumentName": it.document, "InstanceIds": [it.theirs["instance"]]}, ""),
    (ASKER, "ssm:SendCommand", lambda it: {"DocumentName": SHELL, "InstanceIds": [it.ours["instance"]]}, ""),
    (ASKER, "ssm:StartSession", lambda it: {"Target": it.ours["instance"]}, ""),
    (ASKER, "ssm:GetParameter", lambda _: {"Name": PARAMETER}, ""),
    (SWEEPER, "states:StartExecution", lambda _: {"stateMachineArn": MACHINE.format("stateMachine:payroll")}, ""),
    (SWEEPER, "states:StopExecution", lambda _: {"executionArn": MACHINE.format("execution:payroll:november")}, ""),
    (RECORDER, "s3:PutObject", lambda it: {"Bucket": it.scripts, "Key": "config/on_create.sh", "Body": b"curl"}, ""),
    (RECORDER, "s3:PutObject", lambda it: {"Bucket": it.evidence, "Key": "elsewhere", "Body": b""}, ""),
    (RECORDER, "s3:DeleteObject", lambda it: {"Bucket": it.evidence, "Key": "runs/run-1/evidence.json"}, ""),
    (API, "sagemaker:DescribeCluster", lambda it: {"ClusterName": it.ours["cluster"]}, ""),
    (API, "dynamodb:Scan", lambda it: {"TableName": it.table}, ""),
    (API, "secretsmanager:GetSecretValue", lambda _: SLACKS, ""),
    (CHECKER, "dynamodb:UpdateItem", lambda it: {"TableName": it.table, "Key": CLAIM}, ""),
    (CHECKER, "iam:GetRole", lambda _: {"RoleName": "admin"}, ""),
    (CHECKER, "s3:ListObjectsV2", lambda it: {"Bucket": it.evidence}, "s3:ListBucket"),
    (NOTIFIER, "dynamodb:UpdateItem", lambda it: {"TableName": it.table, "Key": CLAIM}, ""),
    (NOTIFIER, "dynamodb:UpdateItem", lambda it: {"TableName": it.table, "Key": POINTER}, ""),
    (NOTIFIER, "dynamodb:GetItem", lambda it: {"TableName": it.table, "Key": REQUEST}, ""),
    (NOTIFIER, "secretsmanager:GetSecretValue", lambda _: ANOTHERS, ""),
    (NOTIFIER, "events:PutEvents", lambda _: {"Entries": [{"EventBusName": "hyperpod-vpc"}]}, ""),
    (NOTIFIER, "ec2:DescribeInstances", lambda _: {}, ""),
]


@pytest.mark.parametrize(
    ("function", "call", "args", "refused"),
    [pytest.param(*row, id=f"{row[0].removesuffix('Function')} may not {row[3] or row[1]}") for row in REFUSED],
)
def test_the_role_refuses_what_is_not_ours_whatever_the_code_tries(
    account: Account, function: str, call: str, args: Args, refused: str
) -> None:
    with pytest.raises(ClientError) as refusal:
        account.call(function, call, args)
    error = refusal.value.response["Error"]
    assert error["Code"] in DENIED
    assert f"is not authorized to perform: {refused or call} on resource: " in error["Message"]


def test_what_is_not_ours_is_still_there(account: Account) -> None:
    described = account.sim.client("sagemaker").describe_cluster(ClusterName=account.theirs["cluster"])
    found = account.sim.client("ec2").describe_instances(InstanceIds=[account.theirs["instance"]])
    states = [it["State"]["Name"] for reservation in found["Reservations"] for it in reservation["Instances"]]
    assert described["ClusterStatus"] != "Deleting"
    assert not {"shutting-down", "terminated"} & {*states}


POSTED = {"UpdateExpression": "SET PostedAt = :at", "ExpressionAttributeValues": {":at": {"S": "now"}}}
ALLOWED: list[tuple[str, str, Args]] = [
    (CREATOR, "sagemaker:CreateCluster", lambda it: it.cluster(f"{it.stage.cluster}-new")),
    (DELETER, "sagemaker:DeleteCluster", lambda it: {"ClusterName": it.ours["cluster"]}),
    (LAUNCHER, "ec2:RunInstances", lambda it: it.launch()),
    (REMOVER, "ec2:TerminateInstances", lambda it: {"InstanceIds": [it.ours["instance"]]}),
    (NOTIFIER, "dynamodb:UpdateItem", lambda it: {"TableName": it.table, "Key": key("RUN#run-1", "SLACK#1")} | POSTED),
]


def test_the_same_calls_on_what_is_ours_are_allowed(account: Account) -> None:
    for function, call, args in ALLOWED:
        assert account.call(function, call, args)["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.changes_network
def test_a_run_whose_role_has_lost_a_grant_fails_and_names_it(stage: Stage) -> None:
    """The roles are asked at every call: what a role lacks, the stories miss."""
    iam, role = stage.sim.client("iam"), stage.sim.role_name("CreatorRole")
    policy = iam.get_role_policy(RoleName=role, PolicyName="Create")["PolicyDocument"]
    without = [each for each in policy["Statement"] if each["Sid"] != "CreateTagged"]
    with ledger_of(Plan().template).on_purpose(), ExitStack() as undo:
        undo.callback(_put, iam, role, policy)
        _put(iam, role, policy | {"Statement": without})
        ending = stage.run(stage.request(Egress={"Prove": []}))
    assert (ending.run["Cause"], ending.clusters) == ("Iam", 0)
    assert "sagemaker:CreateCluster" in ending.run["CauseDetail"]


def _put(iam: Any, role: str, policy: dict[str, Any]) -> None:
    iam.put_role_policy(RoleName=role, PolicyName="Create", PolicyDocument=json.dumps(policy))
