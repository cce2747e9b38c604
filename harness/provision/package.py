"""Package Lambda code: every folder `lambdas/<name>` becomes `build/lambdas/<name>.zip`.

`python -m harness.provision.package` does it alone, with nothing but the standard library, so that
`terraform apply` needs no further provider. The same files give the same bytes on every machine and day;
Terraform sees changed code by the hash of the zip.
"""

import argparse
import hashlib
import os
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

SOURCE = Path("lambdas")
OUTPUT = Path("build/lambdas")

# The oldest time that a zip can hold: an entry's age says nothing about the code.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)


class PackageError(Exception):
    """There is nothing to package; the text says why in one sentence."""


@dataclass(frozen=True)
class LambdaPackage:
    """One packaged function. `size` in bytes, `sha256` in hex; `changed` if the file was (re)written."""

    name: str
    path: Path
    size: int
    sha256: str
    changed: bool


def package_lambdas(source: Path = SOURCE, output: Path = OUTPUT) -> list[LambdaPackage]:
    """Package every function folder below `source` into `output`, in order of name.

    Left out: `tests` beside the handler, `__pycache__`, and whatever starts with a dot. Zips that would not
    change are not touched. Raises PackageError if there is no folder with code.
    """
    if not source.is_dir():
        raise PackageError(f"There is no folder {source} with Lambda code.")
    folders = [f for f in sorted(source.iterdir()) if f.is_dir() and not _is_hidden(f.name)]
    contents = {folder.name: sorted(_files(folder)) for folder in folders}
    packages = [
        _write(name, _zip(source / name, files), output / f"{name}.zip") for name, files in contents.items() if files
    ]
    if not packages:
        raise PackageError(f"No folder below {source} holds Lambda code.")
    return packages


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__"


def _files(folder: Path) -> Iterator[str]:
    """Names of the files to package, relative to the folder, with forward slashes."""
    for parent, folders, files in os.walk(folder, followlinks=True):
        at_top = Path(parent) == folder
        folders[:] = [f for f in folders if not _is_hidden(f) and not (at_top and f == "tests")]
        for name in files:
            if not _is_hidden(name) and not name.endswith((".pyc", ".pyo")):
                yield (Path(parent) / name).relative_to(folder).as_posix()


def _zip(folder: Path, files: Sequence[str]) -> bytes:
    buffer = BytesIO()
    # Stored, not deflated: compressors differ between machines, and a different byte is a different function.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in files:
            source = folder / name
            entry = zipfile.ZipInfo(name, _TIMESTAMP)
            entry.create_system = 3  # Unix, also on other systems: it decides how the mode is read
            # Lambda needs all files readable, and `bootstrap`-like programs executable.
            mode = 0o755 if source.stat().st_mode & 0o100 else 0o644
            entry.external_attr = (0o100000 | mode) << 16
            archive.writestr(entry, source.read_bytes())
    return buffer.getvalue()


def _write(name: str, data: bytes, path: Path) -> LambdaPackage:
    changed = not path.is_file() or path.read_bytes() != data
    if changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Replaced in one step: a Terraform run at the same moment reads the old zip or the new one.
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        partial.write_bytes(data)
        partial.replace(path)
    return LambdaPackage(name, path, len(data), hashlib.sha256(data).hexdigest(), changed)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m harness.provision.package", description=__doc__)
    parser.add_argument("--source", type=Path, default=SOURCE, help="folder of function folders (%(default)s)")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder for the zips (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        packages = package_lambdas(options.source, options.output)
    except PackageError as error:
        print(error, file=sys.stderr)
        return 1
    for package in packages:
        state = "built" if package.changed else "unchanged"
        print(f"{package.path}  {package.size} bytes  sha256 {package.sha256[:12]}  {state}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
