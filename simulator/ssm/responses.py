"""The Systems Manager operations that moto lacks, or answers without doing anything."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.ssm.responses import SimpleSystemManagerResponse

from simulator.sessions import Session
from simulator.ssm.agents import Agents
from simulator.ssm.commands import (
    PLUGIN_CHARACTERS,
    STDERR_CHARACTERS,
    STDOUT_CHARACTERS,
    Command,
    Commands,
    Invocation,
)
from simulator.ssm.documents import Document, SessionDocument
from simulator.ssm.errors import Refused
from simulator.ssm.sessions import Asked, Sessions

Shape = dict[str, Any]

MOST_INSTANCES = 50
DEFAULT_TIMEOUT = 3600
SESSION_FIELDS = {key: key for key in ("Target", "Owner", "Status", "SessionId")}
FILTER_FIELDS = {"InstanceIds": "InstanceId", "PingStatus": "PingStatus", "PlatformTypes": "PlatformType"}


class WorldResponse(SimpleSystemManagerResponse):
    """`agents`, `commands` and `sessions` are set by whoever installs it."""

    agents: Agents
    commands: Commands
    sessions: Sessions

    def describe_instance_information(self) -> ActionResult:
        filters = self._information_filters()
        found = self.agents.information(dict(filters).get("InstanceIds", ()))
        for name, values in filters:
            if name not in FILTER_FIELDS:
                raise Refused("InvalidFilterKey", f"The filter {name} is not one of {sorted(FILTER_FIELDS)}.")
            found = [agent for agent in found if agent[FILTER_FIELDS[name]] in values]
        return ActionResult(self._page("InstanceInformationList", found, 10))

    def send_command(self) -> ActionResult:
        instance_ids, name = self._instance_ids(), self._get_param("DocumentName")
        found = self._document("Command")
        scripts = Document(found["Content"]).scripts(self._get_param("Parameters", {}))
        self._must_be_online(instance_ids)
        now = self.commands.now()
        command = Command(
            document=name,
            version=found["DocumentVersion"],
            comment=self._get_param("Comment", ""),
            parameters=self._get_param("Parameters", {}),
            timeout_seconds=int(self._get_param("TimeoutSeconds", DEFAULT_TIMEOUT)),
            scripts=scripts,
            invocations={instance_id: Invocation(instance_id, now) for instance_id in instance_ids},
            sent=now,
        )
        answer = ActionResult({"Command": _command(command)})
        self.commands.send(command)
        return answer

    def list_commands(self) -> ActionResult:
        wanted, instance_id = self._get_param("CommandId"), self._get_param("InstanceId")
        found = [
            command
            for command in self.commands.all()
            if wanted in (None, command.id) and (instance_id is None or instance_id in command.invocations)
        ]
        return ActionResult(self._page("Commands", [_command(command) for command in found], 50))

    def get_command_invocation(self) -> ActionResult:
        command = self.commands.get(self._get_param("CommandId"))
        invocation = command.invocations.get(self._get_param("InstanceId")) if command else None
        if not command or not invocation or not invocation.is_known(self.commands.now()):
            raise Refused("InvocationDoesNotExist", "The command ID and instance ID don't match an invocation.")
        ended = invocation.ended and invocation.started
        return ActionResult(
            _invocation(command, invocation)
            | {
                "PluginName": command.scripts[0].plugin,
                "ResponseCode": invocation.code,
                "ExecutionStartDateTime": _stamp(invocation.started),
                "ExecutionEndDateTime": _stamp(invocation.ended if ended else None),
                "StandardOutputContent": invocation.output(lambda outcome: outcome.stdout, STDOUT_CHARACTERS),
                "StandardErrorContent": invocation.output(lambda outcome: outcome.stderr, STDERR_CHARACTERS),
            }
        )

    def list_command_invocations(self) -> ActionResult:
        wanted, instance_id = self._get_param("CommandId"), self._get_param("InstanceId")
        now, details = self.commands.now(), self._get_param("Details")
        found = [
            _invocation(command, invocation) | {"CommandPlugins": _plugins(invocation) if details else []}
            for command in self.commands.all()
            if wanted in (None, command.id)
            for invocation in command.invocations.values()
            if instance_id in (None, invocation.instance_id) and invocation.is_known(now)
        ]
        return ActionResult(self._page("CommandInvocations", found, 50))

    def start_session(self) -> ActionResult:
        self.sessions.pace("StartSession")
        found = self._document("Session")
        session = self.sessions.start(
            Asked(
                target=self._get_param("Target"),
                document=found["Name"],
                content=SessionDocument(found["Content"]),
                parameters=self._get_param("Parameters", {}),
                reason=self._get_param("Reason", ""),
                caller=self._caller(),
                sandbox=self.headers.get("X-Amz-Security-Token", ""),
            )
        )
        url = self.sessions.url_of(session)
        return ActionResult({"SessionId": session.id, "TokenValue": session.token, "StreamUrl": url})

    def terminate_session(self) -> ActionResult:
        self.sessions.pace("TerminateSession")
        self.sessions.terminate(self._get_param("SessionId"))
        return ActionResult({"SessionId": self._get_param("SessionId")})

    def describe_sessions(self) -> ActionResult:
        is_history = self._get_param("State") == "History"
        found = [_session(session) for session in self.sessions.all() if bool(session.ended) is is_history]
        for item in self._get_param("Filters", []):
            if item["key"] not in SESSION_FIELDS:
                raise NotImplementedError(f"sessions by {item['key']}")
            found = [session for session in found if session[SESSION_FIELDS[item["key"]]] == item["value"]]
        return ActionResult(self._page("Sessions", found, 200))

    def _document(self, kind: str) -> Shape:
        name, version = self._get_param("DocumentName"), self._get_param("DocumentVersion")
        if not name:
            raise NotImplementedError("the account's own preferences as a document")
        found: Shape = self.ssm_backend.get_document(
            name=name.rpartition("/")[2], document_version=version, version_name="", document_format="JSON"
        )
        if found["DocumentType"] != kind:
            raise Refused("InvalidDocument", f"{name} is no {kind} document.")
        return found

    def _caller(self) -> str:
        found = re.search("Credential=([^/,]+)/", self.headers["Authorization"])
        return found[1] if found else ""

    def _information_filters(self) -> list[tuple[str, Sequence[str]]]:
        old = [(item["key"], item["valueSet"]) for item in self._get_param("InstanceInformationFilterList", [])]
        return old + [(item["Key"], item["Values"]) for item in self._get_param("Filters", [])]

    def _instance_ids(self) -> list[str]:
        if self._get_param("Targets"):
            raise NotImplementedError("SendCommand with Targets")
        instance_ids: list[str] = self._get_param("InstanceIds", [])
        if not 0 < len(instance_ids) <= MOST_INSTANCES:
            message = f"Value at 'instanceIds' failed to satisfy constraint: 1 to {MOST_INSTANCES} instance ids."
            raise Refused("ValidationException", message)
        if len(set(instance_ids)) != len(instance_ids):
            raise Refused("DuplicateInstanceId", "An instance ID is given twice.")
        return instance_ids

    def _must_be_online(self, instance_ids: Sequence[str]) -> None:
        lost = sorted(set(instance_ids) - self.agents.online(instance_ids))
        if lost:
            raise Refused("InvalidInstanceId", f"Instances {lost} not in a valid state for account")

    def _page(self, key: str, items: list[Shape], default_size: int) -> Shape:
        start, size = int(self._get_param("NextToken") or 0), int(self._get_param("MaxResults") or default_size)
        more = {"NextToken": str(start + size)} if start + size < len(items) else {}
        return {key: items[start : start + size]} | more


def _command(command: Command) -> Shape:
    ended = [invocation for invocation in command.invocations.values() if invocation.ended]
    return {
        "CommandId": command.id,
        "DocumentName": command.document,
        "DocumentVersion": command.version,
        "Comment": command.comment,
        "ExpiresAfter": command.sent + timedelta(seconds=command.timeout_seconds),
        "Parameters": command.parameters,
        "InstanceIds": list(command.invocations),
        "Targets": [],
        "RequestedDateTime": command.sent,
        "Status": command.status,
        "StatusDetails": command.status,
        "MaxConcurrency": "50",
        "MaxErrors": "0",
        "TargetCount": len(command.invocations),
        "CompletedCount": len(ended),
        "ErrorCount": sum(invocation.status == "Failed" for invocation in ended),
        "DeliveryTimedOutCount": sum(invocation.details == "DeliveryTimedOut" for invocation in ended),
        "TimeoutSeconds": command.timeout_seconds,
    }


def _invocation(command: Command, invocation: Invocation) -> Shape:
    return {
        "CommandId": command.id,
        "InstanceId": invocation.instance_id,
        "Comment": command.comment,
        "DocumentName": command.document,
        "DocumentVersion": command.version,
        "RequestedDateTime": command.sent,
        "Status": invocation.status,
        "StatusDetails": invocation.details,
    }


def _plugins(invocation: Invocation) -> list[Shape]:
    return [
        {
            "Name": script.plugin,
            "Status": invocation.status,
            "StatusDetails": invocation.details,
            "ResponseCode": -1 if outcome.code is None else outcome.code,
            "ResponseStartDateTime": invocation.started,
            "ResponseFinishDateTime": invocation.ended,
            "Output": (outcome.stdout + outcome.stderr)[:PLUGIN_CHARACTERS],
        }
        for script, outcome in invocation.outcomes
    ]


def _session(session: Session) -> Shape:
    return {
        "SessionId": session.id,
        "Target": session.target,
        "Status": session.status,
        "StartDate": session.started,
        "EndDate": session.ended,
        "DocumentName": session.document,
        "Owner": session.caller,
        "Reason": session.reason or None,
    }


def _stamp(moment: Any) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else ""
