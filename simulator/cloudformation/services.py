"""Resource types of everything that is no network."""

import json
from typing import Any

from simulator.cloudformation.registry import Aws, Made, Properties, not_modelled, resource
from simulator.context import ACCOUNT, REGION

GATEWAY = "the simulator's own front serves the API function's routes"
POLICY = "moto enforces no resource policies, so neither does the simulator"
not_modelled("AWS::ApiGatewayV2::Api", GATEWAY)
not_modelled("AWS::ApiGatewayV2::Stage", GATEWAY)
not_modelled("AWS::CloudWatch::Alarm", "nothing publishes the metrics that alarms watch")
not_modelled("AWS::Events::EventBusPolicy", POLICY)
not_modelled("AWS::S3::BucketPolicy", POLICY)
not_modelled("AWS::SQS::QueuePolicy", POLICY)

# The content of AWS's own policies is AWS's; that they are attached is what can be seen here.
NOTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "none:None", "Resource": "*"}]}


def _pairs(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


# ---------------------------------------------------------------- IAM


@resource("AWS::IAM::Role")
def role(aws: Aws, properties: Properties, name: str) -> Made:
    name = properties.take("RoleName", name)
    trust = json.dumps(properties.take("AssumeRolePolicyDocument"))
    wanted = properties.some("Path", "Description", "MaxSessionDuration", "Tags")
    made = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust, **wanted)["Role"]
    for arn in properties.take("ManagedPolicyArns", []):
        aws("iam").attach_role_policy(RoleName=name, PolicyArn=_existing(aws, arn))
    for policy in properties.take("Policies", []):
        document = json.dumps(policy["PolicyDocument"])
        aws("iam").put_role_policy(RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=document)
    return Made(name, {"Arn": made["Arn"], "RoleId": made["RoleId"]})


def _existing(aws: Aws, arn: str) -> str:
    """AWS's own managed policies exist in every account; moto knows them only if all 1,500 are loaded."""
    from moto.iam.models import iam_backends  # noqa: PLC0415

    if ":iam::aws:policy/" in arn and arn not in iam_backends[ACCOUNT]["aws"].managed_policies:
        made = aws("iam").create_policy(PolicyName=arn.rpartition("/")[2], PolicyDocument=json.dumps(NOTHING))["Policy"]
        policy = iam_backends[ACCOUNT]["aws"].managed_policies.pop(made["Arn"])
        policy.account_id = "aws"
        iam_backends[ACCOUNT]["aws"].managed_policies[arn] = policy
    return arn


@resource("AWS::IAM::ManagedPolicy")
def managed_policy(aws: Aws, properties: Properties, name: str) -> Made:
    document = json.dumps(properties.take("PolicyDocument"))
    name = properties.take("ManagedPolicyName", name)
    arn = aws("iam").create_policy(PolicyName=name, PolicyDocument=document, **properties.some("Description", "Path"))
    return Made(arn["Policy"]["Arn"])


@resource("AWS::IAM::InstanceProfile")
def instance_profile(aws: Aws, properties: Properties, name: str) -> Made:
    name = properties.take("InstanceProfileName", name)
    made = aws("iam").create_instance_profile(InstanceProfileName=name, **properties.some("Path"))["InstanceProfile"]
    for role_name in properties.take("Roles"):
        aws("iam").add_role_to_instance_profile(InstanceProfileName=name, RoleName=role_name)
    return Made(name, {"Arn": made["Arn"]})


# ---------------------------------------------------------------- stores


@resource("AWS::S3::Bucket")
def bucket(aws: Aws, properties: Properties, name: str) -> Made:
    name = properties.take("BucketName", name.lower()[:63])
    aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if block := properties.take("PublicAccessBlockConfiguration"):
        aws("s3").put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
    if versioning := properties.take("VersioningConfiguration"):
        aws("s3").put_bucket_versioning(Bucket=name, VersioningConfiguration=versioning)
    if tags := properties.take("Tags"):
        aws("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    properties.without_effect("BucketEncryption", "OwnershipControls", "LifecycleConfiguration")
    return Made(name, {"Arn": f"arn:aws:s3:::{name}"})


@resource("AWS::DynamoDB::Table")
def table(aws: Aws, properties: Properties, name: str) -> Made:
    name = properties.take("TableName", name)
    keys = properties.some(
        "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode", "StreamSpecification"
    )
    made = aws("dynamodb").create_table(TableName=name, **keys)["TableDescription"]
    if ttl := properties.take("TimeToLiveSpecification"):
        aws("dynamodb").update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
    properties.without_effect(
        "PointInTimeRecoverySpecification", "SSESpecification", "DeletionProtectionEnabled", "Tags"
    )
    return Made(name, {"Arn": made["TableArn"]})


@resource("AWS::SQS::Queue")
def queue(aws: Aws, properties: Properties, name: str) -> Made:
    name = properties.take("QueueName", name)[:80]
    wanted = properties.some(
        "MessageRetentionPeriod", "VisibilityTimeout", "DelaySeconds", "ReceiveMessageWaitTimeSeconds"
    )
    attributes = {key: str(value) for key, value in wanted.items()}
    url = aws("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    properties.without_effect("SqsManagedSseEnabled", "KmsMasterKeyId", "Tags")
    return Made(url, {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}", "QueueName": name, "QueueUrl": url})


@resource("AWS::Logs::LogGroup")
def log_group(aws: Aws, properties: Properties, name: str) -> Made:
    name = properties.take("LogGroupName", name)
    aws("logs").create_log_group(logGroupName=name)
    if days := properties.take("RetentionInDays"):
        aws("logs").put_retention_policy(logGroupName=name, retentionInDays=int(days))
    properties.without_effect("KmsKeyId", "Tags")
    return Made(name, {"Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*"})


@resource("AWS::SSM::Document")
def document(aws: Aws, properties: Properties, name: str) -> Made:
    name = properties.take("Name", name)
    wanted = properties.some("DocumentType", "TargetType", "VersionName", "Tags")
    properties.without_effect("UpdateMethod", "DocumentFormat")
    content = json.dumps(properties.take("Content"))
    aws("ssm").create_document(Name=name, Content=content, DocumentFormat="JSON", **wanted)
    return Made(name)


# ---------------------------------------------------------------- Lambda


@resource("AWS::Lambda::LayerVersion")
def layer(aws: Aws, properties: Properties, name: str) -> Made:
    wanted = properties.some("Content", "Description", "CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo")
    return Made(
        aws("lambda").publish_layer_version(LayerName=properties.take("LayerName", name), **wanted)["LayerVersionArn"]
    )


@resource("AWS::Lambda::Function")
def function(aws: Aws, properties: Properties, name: str) -> Made:
    wanted = properties.some(
        "Code", "Handler", "Role", "Runtime", "Description", "MemorySize", "Timeout", "Environment", "Layers",
        "Architectures", "TracingConfig", "LoggingConfig", "EphemeralStorage",
    )  # fmt: skip
    values = wanted.get("Environment", {}).get("Variables", {})
    wanted["Environment"] = {"Variables": {key: str(value) for key, value in values.items()}}
    name = properties.take("FunctionName", name)[:64]
    tags = _pairs(properties.take("Tags", []))
    made = aws("lambda").create_function(FunctionName=name, Tags=tags, **wanted)
    reserved = properties.take("ReservedConcurrentExecutions")
    if reserved is not None:
        aws("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(reserved))
    return Made(name, {"Arn": made["FunctionArn"]})


@resource("AWS::Lambda::Permission")
def permission(aws: Aws, properties: Properties, name: str) -> Made:
    wanted = properties.some("FunctionName", "Action", "Principal", "SourceArn", "SourceAccount")
    aws("lambda").add_permission(StatementId=name, **wanted)
    return Made(name, {"Id": name})


@resource("AWS::Lambda::EventInvokeConfig")
def event_invoke_config(aws: Aws, properties: Properties, name: str) -> Made:
    properties.without_effect("Qualifier")  # there are no versions and aliases here, only $LATEST
    wanted = properties.some("FunctionName", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "DestinationConfig")
    aws("lambda").put_function_event_invoke_config(**wanted)
    return Made(name)


# ---------------------------------------------------------------- events


@resource("AWS::Events::EventBus")
def event_bus(aws: Aws, properties: Properties, name: str) -> Made:
    name = properties.take("Name", name)
    arn = aws("events").create_event_bus(Name=name, **properties.some("Description"))["EventBusArn"]
    return Made(name, {"Arn": arn, "Name": name})


@resource("AWS::Events::Rule")
def rule(aws: Aws, properties: Properties, name: str) -> Made:
    name = properties.take("Name", name)[:64]
    bus = properties.some("EventBusName")
    targets: list[dict[str, Any]] = properties.take("Targets", [])
    wanted = properties.some("ScheduleExpression", "State", "Description", "RoleArn")
    if pattern := properties.take("EventPattern"):
        wanted["EventPattern"] = json.dumps(pattern)
    arn = aws("events").put_rule(Name=name, **wanted, **bus)["RuleArn"]
    aws("events").put_targets(Rule=name, Targets=targets, **bus)
    return Made(name, {"Arn": arn})


@resource("AWS::SecretsManager::Secret")
def secret(aws: Aws, properties: Properties, name: str) -> Made:
    wanted = properties.some("SecretString", "Description", "Tags")
    arn = aws("secretsmanager").create_secret(Name=properties.take("Name", name), **wanted)["ARN"]
    return Made(arn, {"Id": arn})
