"""How the demo looks: live on a terminal, plain lines elsewhere."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel

from simulator.demo.look import Look
from simulator.demo.panels import egress_table, groups_table, network_lines, slack_panel, steps_table, title_of


class View:
    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._live: Live | None = None
        self._told: set[str] = set()  # states already printed, where there is no terminal to redraw

    def say(self, text: str) -> None:
        self._console.print(text)

    def world(self, world: Mapping[str, Any]) -> None:
        self.say("\n".join(network_lines(world)))

    def request(self, entry: Mapping[str, Any]) -> None:
        cluster = json.loads(entry["Detail"])["Cluster"]
        groups = ", ".join(
            f"{group['InstanceGroupName']} ({group['InstanceCount']} × {group['InstanceType']})"
            for group in cluster["InstanceGroups"]
        )
        self.say(
            f"\n[bold]{entry['DetailType']}[/] → bus {entry['EventBusName']}: {cluster['ClusterName']} with {groups}\n"
        )

    @contextmanager
    def following(self) -> Iterator[None]:
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, refresh_per_second=8) as self._live:
            yield

    def show(self, look: Look) -> None:
        if self._live:
            self._live.update(_picture(look))
            return
        for when, state, _ in look.steps:
            if state not in self._told:
                self.say(f"{when:%H:%M:%S}  {state}")
                self._told.add(state)
        if look.over:
            self._console.print(_picture(look))

    def slack(self, payloads: Sequence[Mapping[str, Any]]) -> None:
        for payload in payloads:
            self._console.print(slack_panel(payload))

    def ending(self, failings: Sequence[str]) -> int:
        """The last words, and the exit code."""
        for failing in failings:
            self.say(f"[red]✗[/] {failing}")
        if not failings:
            self.say("[green]✓[/] The cluster stands, each group leaves by its own NAT gateway, and a swap was told.")
        return min(len(failings), 1)


def _picture(look: Look) -> Panel:
    body = Group(steps_table(look), groups_table(look.run), egress_table(look.run))
    return Panel(body, title=title_of(look.run), title_align="left")
