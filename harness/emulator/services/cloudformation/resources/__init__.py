"""The resource types: one file per service, each with a tuple `TYPES` of `ResourceType` entries.

`registry.py` finds the files by itself; `resource.py` tells how an entry is written, `shape.py` how it declares its
properties.
"""
