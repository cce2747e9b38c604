"""The version of the package, the emulator and its snapshots."""

VERSION = "0.1.0"
