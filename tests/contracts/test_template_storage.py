"""What is kept is encrypted, private, recoverable, and kept for as long as was asked; what fails rings."""

import pytest

from tests.contracts.deployed import named, of_type, properties, template


@pytest.mark.parametrize("name", ["RunTable", "EvidenceBucket"])
def test_records_and_evidence_outlive_the_stack(name: str) -> None:
    resource = template()["Resources"][name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_table_is_encrypted_recoverable_and_paid_by_use() -> None:
    table = properties("RunTable")
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert "TimeToLiveSpecification" not in table


def test_the_table_is_keyed_as_the_code_reads_it() -> None:
    table = properties("RunTable")
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    [index] = table["GlobalSecondaryIndexes"]
    assert (index["IndexName"], index["KeySchema"]) == ("Open", [{"AttributeName": "open", "KeyType": "HASH"}])


def test_the_evidence_is_private_encrypted_versioned_and_ages() -> None:
    bucket = properties("EvidenceBucket")
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    [ageing] = bucket["LifecycleConfiguration"]["Rules"]
    assert ageing["ExpirationInDays"] == {"Ref": "EvidenceRetentionDays"}
    assert ageing["Prefix"] == "runs/"  # a baseline holds as long as its cluster


@pytest.mark.parametrize(("policy", "action"), [("EvidenceBucketPolicy", "s3:*"), ("DeadLetterQueuePolicy", "sqs:*")])
def test_nothing_is_read_or_written_in_the_clear(policy: str, action: str) -> None:
    [deny] = [each for each in properties(policy)["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]
    assert (deny["Principal"], deny["Action"]) == ("*", action)
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_dead_letters_are_encrypted_and_wait_as_long_as_they_can() -> None:
    queue = properties("DeadLetterQueue")
    assert (queue["SqsManagedSseEnabled"], queue["MessageRetentionPeriod"]) == (True, 14 * 24 * 3600)


@pytest.mark.parametrize("name", sorted(of_type("AWS::Logs::LogGroup")))
def test_a_log_is_kept_for_as_long_as_was_asked(name: str) -> None:
    assert properties(name)["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_a_dead_letter_rings() -> None:
    alarm = properties("DeadLettersAlarm")
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)
    assert named(alarm["Dimensions"][0]["Value"]) == "DeadLetterQueue"


@pytest.mark.parametrize("name", sorted(of_type("AWS::CloudWatch::Alarm")))
def test_an_alarm_tells_the_topic_if_there_is_one(name: str) -> None:
    topic = {"Fn::If": ["NotifyTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    assert properties(name)["AlarmActions"] == topic


def test_every_call_of_the_api_is_signed_throttled_and_logged() -> None:
    body = properties("HttpApi")["Body"]
    routes = {
        f"{method.upper()} {path}": route
        for path, methods in body["paths"].items()
        for method, route in methods.items()
    }
    ours = {
        *("POST /clusters", "GET /clusters/{name}", "GET /runs/{id}", "GET /openapi.json"),
        *("POST /clusters/{name}/egress-checks", "GET /clusters/{name}/egress.json", "GET /clusters/{name}/egress.csv"),
        *("POST /adoptions", "PUT /clusters/{name}/baseline", "POST /clusters/{name}/drift-checks"),
        *("PUT /clusters/{name}/drifts/{fingerprint}/acknowledgement", "GET /clusters/{name}/baselines"),
    }
    assert set(routes) == ours | {"X-AMAZON-APIGATEWAY-ANY-METHOD $default"}
    assert [route["security"] for route in routes.values()] == [[{"AWS_IAM": []}]] * len(routes)
    assert body["components"]["securitySchemes"]["AWS_IAM"]["x-amazon-apigateway-authtype"] == "awsSigv4"
    stage = properties("HttpApiApiGatewayDefaultStage")
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
    assert named(stage["AccessLogSettings"]["DestinationArn"]) == "ApiLogs"
