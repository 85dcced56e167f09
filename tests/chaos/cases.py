"""A case: a scenario, and the faults that it meets. Its text is its replay: `happy:CreateClusterFunction/…/1/CUT`."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Case:
    scenario: str
    faults: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        >>> Case.parse("happy:A/s3:PutObject/1/CUT+A/s3:PutObject/2/KILL_AFTER").faults
        ('A/s3:PutObject/1/CUT', 'A/s3:PutObject/2/KILL_AFTER')
        """
        scenario, _, faults = text.partition(":")
        return cls(scenario, tuple(filter(None, faults.split("+"))))

    def __str__(self) -> str:
        return f"{self.scenario}:{'+'.join(self.faults)}"
