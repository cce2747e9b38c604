"""Lambda packages: what goes in, and that the same code gives the same bytes."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from harness.provision.package import PackageError, main, package_lambdas


def write(root: Path, *files: str, text: str = "x = 1\n") -> None:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_missing_folder_is_one_sentence_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--source", str(tmp_path / "none"), "--output", str(tmp_path / "out")]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert "There is no folder" in shown.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("files", [[], ["README.md"], ["orders/tests/test_orders.py"], ["orders/__pycache__/h.pyc"]])
def test_a_folder_without_code_is_refused(tmp_path: Path, files: list[str]) -> None:
    (tmp_path / "lambdas").mkdir()
    write(tmp_path / "lambdas", *files)
    with pytest.raises(PackageError, match="holds Lambda code"):
        package_lambdas(tmp_path / "lambdas", tmp_path / "out")


def test_tests_caches_and_hidden_files_stay_out(tmp_path: Path) -> None:
    source = tmp_path / "lambdas"
    write(
        source,
        "orders/handler.py",
        "orders/vendor/tests/needed.py",
        "orders/data/rates.json",
        "orders/tests/test_orders.py",
        "orders/__pycache__/handler.cpython-311.pyc",
        "orders/vendor/__pycache__/x.pyc",
        "orders/old.pyc",
        "orders/.env",
        "orders/.venv/lib.py",
        "conftest.py",
        "__pycache__/conftest.pyc",
        ".hidden/handler.py",
    )
    [package] = package_lambdas(source, tmp_path / "out")
    assert package.name == "orders"
    with zipfile.ZipFile(package.path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["data/rates.json", "handler.py", "vendor/tests/needed.py"]


def test_the_same_code_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write(one, "f/a.py", "f/sub/b.py", "f/c.py")
    write(two, "f/c.py", "f/sub/b.py", "f/a.py")
    for path in two.rglob("*.py"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o600)
    [first] = package_lambdas(one, tmp_path / "out1")
    [second] = package_lambdas(two, tmp_path / "out2")
    assert first.path.read_bytes() == second.path.read_bytes()
    with zipfile.ZipFile(first.path) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert first.sha256 == second.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()


def test_only_changed_code_is_written_again(tmp_path: Path) -> None:
    source, out = tmp_path / "lambdas", tmp_path / "out"
    write(source, "a/handler.py", "b/handler.py")
    assert [p.changed for p in package_lambdas(source, out)] == [True, True]
    before = [p.sha256 for p in package_lambdas(source, out)]
    files = [(out / name).stat().st_ino for name in ("a.zip", "b.zip")]
    write(source, "b/handler.py", text="x = 2\n")
    after = package_lambdas(source, out)
    assert [p.changed for p in after] == [False, True]
    assert (out / "a.zip").stat().st_ino == files[0]
    assert (out / "b.zip").stat().st_ino != files[1]
    assert after[0].sha256 == before[0]
    assert after[1].sha256 != before[1]
    assert sorted(p.name for p in out.iterdir()) == ["a.zip", "b.zip"]


def test_files_are_readable_and_programs_executable_in_lambda(tmp_path: Path) -> None:
    write(tmp_path / "l", "f/bootstrap", "f/handler.py")
    (tmp_path / "l/f/bootstrap").chmod(0o700)
    [package] = package_lambdas(tmp_path / "l", tmp_path / "out")
    with zipfile.ZipFile(package.path) as archive:
        modes = {e.filename: e.external_attr >> 16 for e in archive.infolist()}
    assert modes == {"bootstrap": 0o100755, "handler.py": 0o100644}


def test_it_runs_alone_and_prints_what_it_built(tmp_path: Path) -> None:
    write(tmp_path, "lambdas/orders/handler.py")
    repository = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    done = subprocess.run(
        [sys.executable, "-S", "-m", "harness.provision.package"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [line] = done.stdout.splitlines()
    assert line.startswith("build/lambdas/orders.zip ")
    digest = hashlib.sha256((tmp_path / "build/lambdas/orders.zip").read_bytes()).hexdigest()
    assert digest[:12] in line
