"""A seeded attack on an emulator: `python -m tests.hostile.attack --seed S --hours H` (docs/reliability.md).

A run is a row of rounds. Each round starts an emulator of its own, and all that it does follows from the run's seed and
the round's number: a finding is told with the line that plays its round again.
"""
