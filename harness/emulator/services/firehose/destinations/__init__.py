"""Where records go: one kind of destination a file, listed in `table.py`."""
