"""Least privilege, as written: what a role may do is what its functions declare, and what AWS checks besides.

That they also need it, and need no more, is seen by running them: tests/least_privilege.py.
"""

import importlib
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from control_plane.domain.probe.ledger import INSTANCE_TYPES
from tests.contracts.deployed import (
    functions,
    granted,
    listed,
    machines,
    named,
    of_type,
    properties,
    statements,
    statements_for,
    steps_of,
    template,
)
from tests.least_privilege import UNSEEN

ROLES = sorted(UNSEEN)
OF_MACHINES = ("StateMachineRole", "WatchMachineRole")

# Actions without a resource type, for which alone Resource may be "*":
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
WITHOUT_RESOURCE = {
    f"{service}:{name}"
    for service, names in {
        "ec2": "DescribeInstances DescribeInstanceTypeOfferings DescribeInternetGateways DescribeNatGateways "
        "DescribeNetworkAcls DescribeNetworkInterfaces DescribeRouteTables DescribeSecurityGroups DescribeSubnets "
        "DescribeVpcEndpoints",
        "ec2messages": "AcknowledgeMessage DeleteMessage FailMessage GetEndpoint GetMessages SendReply",
        "logs": "CreateLogDelivery DeleteLogDelivery DescribeLogGroups DescribeResourcePolicies GetLogDelivery "
        "ListLogDeliveries PutResourcePolicy UpdateLogDelivery",
        "ssm": "DescribeInstanceInformation ListCommandInvocations",
        "ssmmessages": "CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel",
        "xray": "GetSamplingRules GetSamplingTargets PutTelemetryRecords PutTraceSegments",
    }.items()
    for name in names.split()
}
OURS = {"Ref": "AWS::StackName"}


def _declared(role: str) -> set[str]:
    """The union of what the steps under this role say they call."""
    return {
        action for step in steps_of(role) for action in importlib.import_module(f"control_plane.steps.{step}").ACTIONS
    }


def _unseen(role: str) -> set[str]:
    return {each.action for each in UNSEEN[role]}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_lacks_nothing_that_its_functions_call(role: str) -> None:
    assert _declared(role) | _unseen(role) <= granted(role)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_nothing_that_its_functions_do_not_call(role: str) -> None:
    assert granted(role) <= _declared(role) | _unseen(role)


def test_every_function_runs_under_one_of_these_roles() -> None:
    assert {named(each["Role"]) for each in functions().values()} == set(ROLES)


def test_there_are_no_other_roles() -> None:
    assert of_type("AWS::IAM::Role").keys() == {*ROLES, *OF_MACHINES, "ProbeInstanceRole"}


def test_a_state_machine_has_a_role_of_its_own() -> None:
    assert sorted(named(properties(machine)["RoleArn"]) for machine in machines()) == sorted(OF_MACHINES)


@pytest.mark.parametrize("role", [*ROLES, *OF_MACHINES, "ProbeInstanceRole"])
def test_a_grant_on_everything_is_for_actions_that_know_no_resource(role: str) -> None:
    for statement in statements(role):
        if "*" in listed(statement["Resource"]):
            assert set(listed(statement["Action"])) <= WITHOUT_RESOURCE


# What a grant without a condition may name by its kind alone, and why no narrower name is known when the stack is made.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
BY_KIND = {
    ":vpc/*": "a request names the VPC, and a shared one is another account's; read only",
    ":prefix-list/*": "route tables name them, and some are AWS's; read only",
    ":subnet/*": "a request names it, and a shared one is another account's; what goes into it is held by its tag",
    ":security-group/*": "a request names it; what carries it is held by its tag",
    "sagemaker:${AWS::Region}:${AWS::AccountId}:cluster/*": "the ARN ends with an id that HyperPod draws; read only",
    "eks:${AWS::Region}:${AWS::AccountId}:cluster/*": "a request names the EKS cluster that orchestrates",
    ":access-entry/*": "HyperPod makes them, in an EKS cluster that a request names",
    ":parameter/aws/service/ami-amazon-linux-latest/*": "one image for each architecture, all of them AWS's; read only",
    ":session/${AWS::StackName}-AskNodesFunction-*": "a session's id begins with the name of the function",
    "${EvidenceBucket.Arn}/runs/*": "our own bucket's folder of evidence",
    "${EvidenceBucket.Arn}/baselines/*": "our own bucket's folder of what clusters should be",
    ":execution:${AWS::StackName}-provision-cluster:*": "the runs of our own state machine",
}


def _unconditioned(role: str) -> Iterator[str]:
    for statement in statements(role):
        for resource in listed(statement["Resource"]) if "Condition" not in statement else []:
            text = resource if isinstance(resource, str) else resource.get("Fn::Sub", "")
            if "*" in text.replace(":*:", "::") and text != "*":
                yield text


def test_what_is_granted_by_kind_without_a_condition_is_listed_with_its_reason() -> None:
    written = {
        text for role in of_type("AWS::IAM::Role") if role != "ProbeInstanceRole" for text in _unconditioned(role)
    }
    assert {text for text in written if not text.endswith(tuple(BY_KIND))} == set()
    assert {end for end in BY_KIND if not any(text.endswith(end) for text in written)} == set()


def test_the_probe_s_agent_may_report_any_instance_as_in_aws_s_own_policy() -> None:
    """https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSSMManagedInstanceCore.html"""
    assert [text.rpartition(":")[2] for text in _unconditioned("ProbeInstanceRole")] == ["instance/*"]


@pytest.mark.parametrize("role", [*ROLES, *OF_MACHINES, "ProbeInstanceRole"])
def test_no_grant_is_for_actions_by_pattern(role: str) -> None:
    assert not [action for action in granted(role) if "*" in action]


# The pairs that must never meet in one role.
APART = [
    ("sagemaker:CreateCluster", "ec2:RunInstances"),
    ("sagemaker:CreateCluster", "secretsmanager:GetSecretValue"),
    ("sagemaker:CreateCluster", "states:StartExecution"),
    ("sagemaker:DeleteCluster", "ec2:TerminateInstances"),
    ("sagemaker:DeleteCluster", "states:StartExecution"),
    ("ec2:RunInstances", "events:PutEvents"),
    ("ssm:SendCommand", "secretsmanager:GetSecretValue"),
    ("iam:GetRole", "iam:PassRole"),
    ("ssm:StartSession", "ssm:SendCommand"),
    ("ssm:StartSession", "sagemaker:CreateCluster"),
    ("ssm:StartSession", "secretsmanager:GetSecretValue"),
    ("states:StartExecution", "ec2:DescribeRouteTables"),  # who reads events that anybody causes sees no network
]


@pytest.mark.parametrize(("one", "other"), APART)
def test_no_role_has_both(one: str, other: str) -> None:
    assert not [role for role in ROLES if {one, other} <= granted(role)]
    assert [role for role in ROLES if one in granted(role)]
    assert [role for role in ROLES if other in granted(role)]


# What a role is for, as the services that it may have to do with at all.
NEVER = {
    "ReaderRole": ["events:*", "secretsmanager:*", "sqs:*", "ssm:*", "states:*", "iam:PassRole"],
    "ProberRole": ["events:*", "iam:Create*", "sagemaker:*", "secretsmanager:*", "sqs:*", "states:*"],
    "AskerRole": ["ec2:*", "eks:*", "events:*", "iam:*", "sagemaker:Create*", "secretsmanager:*", "sqs:*", "states:*"],
    "CreatorRole": ["ec2:*", "s3:*", "secretsmanager:*", "sqs:*", "ssm:*", "states:*"],
    "WatcherRole": [
        *("ec2:Create*", "ec2:Modify*", "eks:*", "events:*", "iam:PassRole", "sagemaker:Create*", "sagemaker:Delete*"),
        *("sagemaker:Update*", "secretsmanager:*", "sqs:*", "ssm:*", "states:*"),
    ],
    "NoticerRole": ["ec2:*", "eks:*", "events:*", "iam:*", "s3:*", "sagemaker:*", "secretsmanager:*", "ssm:*"],
    "KeeperRole": ["ec2:*", "eks:*", "iam:*", "sagemaker:*", "secretsmanager:*", "ssm:*"],
    "NotifierRole": ["ec2:*", "eks:*", "events:*", "iam:*", "s3:*", "sagemaker:*", "ssm:*", "states:*"],
}
OF_ITS_OWN_RUN = {"dynamodb:UpdateItem", "s3:PutObject", "logs:CreateLogStream", "logs:PutLogEvents"}
TRACES = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}


def _forbidden(role: str, actions: Iterable[str]) -> set[str]:
    return {action for action in actions for pattern in NEVER[role] if fnmatchcase(action, pattern)}


def _writes(actions: Iterable[str]) -> set[str]:
    reads = ("BatchGet", "Describe", "Get", "List", "Query")
    return {each for each in actions if not each.partition(":")[2].startswith(reads)}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_nothing_to_do_with_the_work_of_another(role: str) -> None:
    assert _forbidden(role, granted(role)) == set()


@pytest.mark.parametrize(("role", "pattern"), [(role, pattern) for role in ROLES for pattern in NEVER[role]])
def test_a_grant_for_the_work_of_another_would_be_seen(role: str, pattern: str) -> None:
    intruder = pattern.replace("*", "Anything")
    assert _forbidden(role, granted(role) | {intruder}) == {intruder}


def test_the_reader_changes_nothing_but_its_run_s_record_evidence_and_log() -> None:
    assert _writes(granted("ReaderRole")) == OF_ITS_OWN_RUN | TRACES
    [records] = statements_for("ReaderRole", "dynamodb:UpdateItem")
    [evidence] = statements_for("ReaderRole", "s3:PutObject")
    assert records["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["RUN#*"]}}
    assert evidence["Resource"] == {"Fn::Sub": "${EvidenceBucket.Arn}/runs/*"}


def test_the_watcher_changes_nothing_but_the_watch_s_own_books_what_is_to_be_said_and_its_log() -> None:
    books = {f"dynamodb:{name}" for name in ("BatchWriteItem", "DeleteItem", "PutItem", "UpdateItem")}
    assert _writes(granted("WatcherRole")) == books | OF_ITS_OWN_RUN | TRACES
    [kept] = statements_for("WatcherRole", "s3:PutObject")
    assert kept["Resource"] == {"Fn::Sub": "${EvidenceBucket.Arn}/baselines/*"}


def test_the_noticer_changes_nothing_but_what_it_heard_and_when_it_looks() -> None:
    own = {"dynamodb:PutItem", "logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage", "states:StartExecution"}
    assert _writes(granted("NoticerRole")) == own | TRACES


@pytest.mark.parametrize(
    ("role", "partitions"),
    [
        ("WatcherRole", [["RUN#*"], ["WATCH", "REPLACED", "CLUSTER#*", "RESOURCE#*"]]),
        ("NoticerRole", [["REPLACED", "CLUSTER#*", "RESOURCE#*"]]),
    ],
)
def test_of_the_table_a_role_of_the_watch_has_the_partitions_that_it_works_in_and_no_claim(
    role: str, partitions: list[list[str]]
) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html"""
    table = [each for each in statements(role) if str(listed(each["Action"])[0]).startswith("dynamodb:")]
    assert [each["Condition"] for each in table] == [
        {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}} for keys in partitions
    ]


def test_roles_are_passed_by_two_roles_to_one_kind_of_service_each() -> None:
    passing = {role: statements_for(role, "iam:PassRole") for role in ROLES if "iam:PassRole" in granted(role)}
    said = {role: [(each["Resource"], each["Condition"]) for each in found] for role, found in passing.items()}
    assert said == {
        "CreatorRole": [
            ({"Ref": "ExecutionRoleArns"}, _to("sagemaker.amazonaws.com", "hyperpod.sagemaker.amazonaws.com"))
        ],
        "ProberRole": [({"Fn::GetAtt": ["ProbeInstanceRole", "Arn"]}, _to("ec2.amazonaws.com"))],
    }


@pytest.mark.parametrize("role", of_type("AWS::IAM::Role"))
def test_no_role_is_passed_by_pattern(role: str) -> None:
    for statement in statements_for(role, "iam:PassRole"):
        assert "*" not in str(statement["Resource"])
        assert "iam:PassedToService" in statement["Condition"]["StringEquals"]


def test_the_execution_roles_that_an_operator_lists_are_named_one_by_one() -> None:
    pattern = template()["Parameters"]["ExecutionRoleArns"]["AllowedPattern"]
    assert re.fullmatch(pattern, "arn:aws:iam::123456789012:role/path/hyperpod-nodes")
    assert not re.fullmatch(pattern, "arn:aws:iam::123456789012:role/*")
    assert "Default" not in template()["Parameters"]["ExecutionRoleArns"]


def _to(*services: str) -> dict[str, Any]:
    return {"StringEquals": {"iam:PassedToService": services[0] if len(services) == 1 else list(services)}}


@pytest.mark.parametrize(
    ("role", "action", "key"),
    [
        ("CreatorRole", "sagemaker:CreateCluster", "aws:RequestTag/hyperpod-vpc:stack"),
        ("CreatorRole", "sagemaker:AddTags", "aws:RequestTag/hyperpod-vpc:stack"),
        ("CreatorRole", "sagemaker:DeleteCluster", "aws:ResourceTag/hyperpod-vpc:stack"),
        ("ProberRole", "ec2:TerminateInstances", "aws:ResourceTag/hyperpod-vpc:stack"),
    ],
)
def test_we_write_only_to_what_carries_our_tag(role: str, action: str, key: str) -> None:
    for statement in statements_for(role, action):
        assert statement["Condition"]["StringEquals"][key] == OURS


def test_a_stranger_s_cluster_cannot_be_given_our_tag() -> None:
    [statement] = statements_for("CreatorRole", "sagemaker:AddTags")
    assert statement["Condition"]["Null"] == {"sagemaker:TaggingAction": "false"}


def test_a_stranger_s_instance_cannot_be_given_our_tag() -> None:
    [statement] = statements_for("ProberRole", "ec2:CreateTags")
    assert statement["Condition"] == {"StringEquals": {"ec2:CreateAction": "RunInstances"}}


def test_what_an_instance_is_made_of_is_small_carries_our_tag_and_comes_from_amazon_s_image() -> None:
    conditions = {
        arn["Fn::Sub"].rpartition(":")[2]: statement.get("Condition")
        for statement in statements_for("ProberRole", "ec2:RunInstances")
        for arn in listed(statement["Resource"])
    }
    tagged = {"aws:RequestTag/hyperpod-vpc:stack": OURS}
    assert conditions == {
        "instance/*": {"StringEquals": tagged | {"ec2:InstanceType": [*INSTANCE_TYPES]}},
        "network-interface/*": {"StringEquals": tagged},
        "volume/*": {"StringEquals": tagged},
        "image/*": {"StringEquals": {"ec2:Owner": "amazon"}},
        "subnet/*": None,
        "security-group/*": None,
    }


def test_commands_go_to_our_probes_by_our_document_and_never_by_both_in_one_grant() -> None:
    """A tag condition beside the document's ARN would never match: the document carries no tag."""
    by_document, to_probes = statements_for("ProberRole", "ssm:SendCommand")
    assert by_document["Resource"]["Fn::Sub"].endswith(":document/${EgressProbeDocument}")
    assert to_probes["Condition"] == {"StringEquals": {"ssm:resourceTag/hyperpod-vpc:stack": OURS}}


def test_sessions_are_started_by_our_document_with_nodes_of_hyperpod_and_never_without_a_document() -> None:
    by_document, with_nodes = statements_for("AskerRole", "ssm:StartSession")
    assert by_document["Resource"]["Fn::Sub"].endswith(":document/${NodeProbeDocument}")
    condition, *targets = with_nodes["Resource"]["Fn::If"]
    assert condition == "TargetsAreClusters"
    assert [target["Fn::Sub"].split("${AWS::AccountId}:")[1] for target in targets] == [
        "cluster/*",
        "managed-instance/sagemaker-cluster:*",
    ]
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-sessiondocumentaccesscheck.html
    checked = {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}
    assert by_document["Condition"] == with_nodes["Condition"] == checked


def test_the_asker_ends_and_opens_its_own_sessions_alone() -> None:
    [statement] = statements_for("AskerRole", "ssm:TerminateSession")
    assert statement["Action"] == ["ssm:TerminateSession", "ssmmessages:OpenDataChannel"]
    assert statement["Resource"]["Fn::Sub"].endswith(":session/${AWS::StackName}-AskNodesFunction-*")


def test_the_probe_may_be_asked_and_nothing_else() -> None:
    channels = {f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")}
    messages = {
        f"ec2messages:{name}"
        for name in ("AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply")
    }
    assert granted("ProbeInstanceRole") == {"ssm:UpdateInstanceInformation"} | channels | messages


# Nothing of ours makes these calls, so no story shows that they are needed: what Step Functions does by itself.
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
BY_ITSELF = {
    *(f"logs:{verb}LogDelivery" for verb in ("Create", "Delete", "Get", "Update")),
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    *TRACES,
}


@pytest.mark.parametrize("role", OF_MACHINES)
def test_a_state_machine_calls_functions_logs_and_traces_and_does_nothing_else(role: str) -> None:
    assert granted(role) == {"lambda:InvokeFunction"} | BY_ITSELF


EXECUTIONS = {
    "KeeperRole": [
        "stateMachine:${AWS::StackName}-provision-cluster",
        "stateMachine:${AWS::StackName}-check-drift",  # by the API, for who will not wait
        "execution:${AWS::StackName}-provision-cluster:*",
    ],
    "NoticerRole": ["stateMachine:${AWS::StackName}-check-drift"],
}


def test_no_role_starts_or_stops_a_machine_but_ours() -> None:
    arns = {
        role: [
            arn["Fn::Sub"].split(":${AWS::AccountId}:")[1]
            for action in ("states:StartExecution", "states:StopExecution")
            for statement in statements_for(role, action)
            for arn in listed(statement["Resource"])
        ]
        for role in of_type("AWS::IAM::Role")
    }
    assert {role: found for role, found in arns.items() if found} == EXECUTIONS


def test_a_machine_is_called_as_the_roles_know_it() -> None:
    """The names are written out there: to refer to the machines would be a cycle."""
    said = {properties(machine)["StateMachineName"]["Fn::Sub"] for machine in machines()}
    assert said == {found.partition(":")[2] for arns in EXECUTIONS.values() for found in arns if found[0] == "s"}


@pytest.mark.parametrize("role", OF_MACHINES)
def test_only_step_functions_of_this_account_takes_on_a_machine_s_role(role: str) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html"""
    [trust] = properties(role)["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "states.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_only_lambda_takes_on_the_functions_roles() -> None:
    for role in ROLES:
        [trust] = properties(role)["AssumeRolePolicyDocument"]["Statement"]
        assert (trust["Principal"], trust["Action"]) == ({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")
