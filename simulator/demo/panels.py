"""The pieces of the picture: tables from a run's record, and a Slack message as a person sees it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from simulator.demo.look import Look

VERDICT = {"Match": "[green]✓ Match[/]", "OtherAddress": "[red]✗ other address[/]", "Blocked": "[red]✗ blocked[/]"}
STATE = {"Running": "cyan", "Provisioned": "green", "Refused": "yellow", "Failed": "red"}
BAR = 12
PLAIN: dict[str, Any] = {"box": None, "padding": (0, 1, 0, 0)}


def title_of(run: Mapping[str, Any]) -> str:
    return f"[bold]{run['RunId']}[/] · [{STATE[run['State']]}]{run['State']}[/] · {run['Phase']}"


def network_lines(world: Mapping[str, Any]) -> list[str]:
    return [
        f"  {role:<11} {subnet} → {world['NatGateways'][role]} ([bold]{world['PublicIps'][role]}[/])"
        for role, subnet in world["Subnets"].items()
    ]


def steps_table(look: Look) -> Table:
    table = Table("time", "state", "", **PLAIN)
    for when, name, times in look.steps:
        table.add_row(f"{when:%H:%M:%S}", name, f"× {times}" if times > 1 else "", style=None if times else "dim")
    return table


def groups_table(run: Mapping[str, Any]) -> Table:
    table = Table("instance group", "nodes", "", "status", **PLAIN)
    for group in run["Groups"]:
        there, asked = group["CurrentCount"], group["RequestedCount"]
        filled = round(BAR * min(there / asked, 1)) if asked else BAR
        table.add_row(
            group["InstanceGroupName"],
            f"{there}/{asked}",
            f"[green]{'━' * filled}[/][dim]{'━' * (BAR - filled)}[/]",
            group["Status"],
        )
    return table


def egress_table(run: Mapping[str, Any]) -> Table:
    """Each group's promised addresses beside the seen ones, as soon as there are any."""
    table = Table("instance group", "subnet", "promised", "seen", "verdict", **PLAIN)
    seen = {(row["InstanceGroupName"], row["SubnetId"]): row for row in run["Egress"]}
    for promise in run["PredictedEgress"]:
        row = seen.get((promise["InstanceGroupName"], promise["SubnetId"]), {})
        table.add_row(
            promise["InstanceGroupName"],
            promise["SubnetId"],
            ", ".join(promise["ExpectedPublicIps"]) or "nothing",
            ", ".join(row.get("ObservedPublicIps", [])),
            VERDICT.get(row.get("Verdict", ""), row.get("Verdict", "")),
        )
    return table


def slack_panel(payload: Mapping[str, Any]) -> Panel:
    """A Block Kit message, near enough to how Slack shows it."""
    return Panel(
        Group(*map(_block, payload.get("blocks", []))),
        title="[bold]Slack[/]",
        title_align="left",
        border_style="magenta",
    )


def _block(block: Mapping[str, Any]) -> RenderableType:
    kind = block["type"]
    if kind == "header":
        return Text(block["text"]["text"], style="bold")
    if kind == "divider":
        return Text("─" * 40, style="dim")
    if kind == "context":
        return Text(" · ".join(_words(element) for element in block["elements"]), style="dim")
    said = [Text(_words(block["text"]))] if "text" in block else []
    return Group(*said, *([_two_columns(block["fields"])] if "fields" in block else []))


def _two_columns(fields: Sequence[Mapping[str, Any]]) -> Table:
    table = Table.grid(padding=(0, 3))
    texts = [Text(_words(field)) for field in fields]
    for place in range(0, len(texts), 2):
        table.add_row(*texts[place : place + 2])
    return table


def _words(element: Mapping[str, Any]) -> str:
    linked = re.sub(r"<[^|>]+\|([^>]+)>", r"\1 ↗", str(element.get("text", "")).strip("`"))
    return linked.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
