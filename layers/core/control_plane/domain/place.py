"""Where we are: read off an ARN of ours, so that no call has to ask."""

from typing import NamedTuple, Self


class Place(NamedTuple):
    region: str
    account: str

    @classmethod
    def of(cls, arn: str) -> Self:
        """
        >>> Place.of("arn:aws:states:eu-west-1:123456789012:stateMachine:provision")
        Place(region='eu-west-1', account='123456789012')
        """
        _, _, _, region, account, _ = arn.split(":", 5)
        return cls(region, account)
