"""Rows as a Parquet or ORC file (A11). Needs pyarrow: the extra pipeline-harness[parquet]."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from harness.emulator.services.firehose.conversion.hive_types import Array, HiveType, Map, Struct
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.firehose.conversion.json_rows import Row

_PARQUET_PAGE = 1024 * 1024
_ORC_STRIPE = 64 * 1024 * 1024


def write(serializer: str, options: Json, columns: tuple[tuple[str, HiveType], ...], rows: list[Row]) -> bytes:
    """The file's bytes. `serializer` is ParquetSerDe or OrcSerDe, `options` its members."""
    import pyarrow as pa

    fields = [(name, _arrow(kind)) for name, kind in columns]
    values = zip(*rows, strict=True) if rows else [()] * len(columns)
    arrays = [pa.array(column, type=kind) for column, (_, kind) in zip(values, fields, strict=True)]
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    out = io.BytesIO()
    (_parquet if serializer == "ParquetSerDe" else _orc)(table, options, out)
    return out.getvalue()


def _parquet(table: Any, options: Json, out: io.BytesIO) -> None:
    import pyarrow.parquet as parquet

    compression = options.get("Compression") or "SNAPPY"
    parquet.write_table(
        table,
        out,
        compression="NONE" if compression == "UNCOMPRESSED" else compression,
        use_dictionary=bool(options.get("EnableDictionaryCompression")),
        data_page_size=options.get("PageSizeBytes") or _PARQUET_PAGE,
        data_page_version="2.0" if options.get("WriterVersion") == "V2" else "1.0",
        # Hive's writer, which Firehose uses, stores timestamps in 96 bits.
        use_deprecated_int96_timestamps=True,
        store_schema=False,
    )


def _orc(table: Any, options: Json, out: io.BytesIO) -> None:
    from pyarrow import orc

    compression = options.get("Compression") or "SNAPPY"
    names = table.schema.names
    blooms = [names.index(column) for column in options.get("BloomFilterColumns") or [] if column in names]
    orc.write_table(
        table,
        out,
        file_version="0.11" if options.get("FormatVersion") == "V0_11" else "0.12",
        compression="UNCOMPRESSED" if compression == "NONE" else compression,
        stripe_size=options.get("StripeSizeBytes") or _ORC_STRIPE,
        row_index_stride=options.get("RowIndexStride") or 10_000,
        dictionary_key_size_threshold=options.get("DictionaryKeyThreshold") or 0.0,
        bloom_filter_columns=blooms or None,
        bloom_filter_fpp=options.get("BloomFilterFalsePositiveProbability") or 0.05,
    )


def _arrow(kind: HiveType) -> Any:
    import pyarrow as pa

    if isinstance(kind, Array):
        return pa.list_(_arrow(kind.item))
    if isinstance(kind, Map):
        return pa.map_(_arrow(kind.key), _arrow(kind.value))
    if isinstance(kind, Struct):
        return pa.struct([(name, _arrow(member)) for name, member in kind.members])
    if kind.kind == "decimal":
        return pa.decimal128(kind.size, kind.scale)
    made = {
        "boolean": pa.bool_,
        "tinyint": pa.int8,
        "smallint": pa.int16,
        "int": pa.int32,
        "bigint": pa.int64,
        "float": pa.float32,
        "double": pa.float64,
        "date": pa.date32,
    }
    if kind.kind == "timestamp":
        return pa.timestamp("ns")
    return made[kind.kind]() if kind.kind in made else pa.string()
