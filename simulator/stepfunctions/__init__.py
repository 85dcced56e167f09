"""Runs real state machines: moto's interpreter, on the virtual clock, with JSONata, and heard of on the default bus."""
