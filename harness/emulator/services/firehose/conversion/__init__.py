"""Conversion of JSON records to Parquet and ORC rows."""
