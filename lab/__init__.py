"""A private subnet, a NAT and an internet of real packets, in which the real probe script asks where it leaves.

Nothing here reads an answer: what it means is for the control plane to say, and for tests/lab to hold against it.
"""
