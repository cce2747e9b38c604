"""The target `localstack`: the emulator in front, LocalStack behind it, both in containers."""
