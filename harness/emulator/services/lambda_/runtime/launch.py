"""The first code in a function's process.

    python -S launch.py <loop> <task root> <package folder> <layers> <stage> <keep source folders clean: 0|1>
    python -S launch.py exec <task root> <package folder> <layers> <stage> <program> <arguments…>
    python -S launch.py bootstrap <task root> <package folder> <layers> <stage>

`loop` is `awslambdaric` or `python_loop` (ours); `exec` prepares the process for another interpreter, which gets the
task root and the guard's descriptor as its last arguments; `bootstrap` runs the function's own program of that name, or
a layer's. `layers` is the folder that is /opt, empty without layers;
`stage` is an empty folder to mount on, empty where functions see real paths (`rooms.py`). Runs on any Python from 3.8
on, with the standard library only. File descriptor 0 is a pipe that nobody writes to: it ends when the
emulator ends, however that happens, and then the whole process group must end too.
"""

from __future__ import annotations

import os
import signal
import sys

KERNEL_GUARDS: bool = sys.platform == "linux"


def die_with_emulator() -> int:
    """End this process group when the other end of descriptor 0 closes; give the function an empty stdin.

    Returns the descriptor that is watched.
    """
    guard = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    if KERNEL_GUARDS:
        # The kernel sends SIGKILL to the group when the pipe hangs up: no thread, and busy C code can't delay it.
        import fcntl

        fcntl.fcntl(guard, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(guard, 10, signal.SIGKILL)  # F_SETSIG, which older Pythons do not name
        fcntl.fcntl(guard, fcntl.F_SETFL, fcntl.fcntl(guard, fcntl.F_GETFL) | os.O_ASYNC)
        import select

        readable, _, _ = select.select([guard], [], [], 0)
        if readable:  # it ended before the guard stood
            os.killpg(0, signal.SIGKILL)
        return guard
    import threading

    def watch() -> None:
        import resource
        import select

        limit = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) << 20
        # Bytes on macOS, where there is no /proc for the emulator to watch the memory from outside.
        while not select.select([guard], [], [], 0.05)[0]:
            if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > limit:
                break
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    return guard


def exit_builtins() -> None:
    """`exit` and `quit`, which handlers use and `-S` (no site, 3 ms faster) leaves out."""
    import site

    site.setquit()
    site.setcopyright()
    site.sethelper()


def run_awslambdaric(handler: str, address: str) -> None:
    """AWS's own loop. Its C part takes an address with a path, its HTTP client for init errors takes none."""
    from awslambdaric.bootstrap import run
    from awslambdaric.lambda_runtime_client import LambdaRuntimeClient

    authority, _, path = address.partition("/")

    class Client(LambdaRuntimeClient):  # type: ignore[misc]
        def call_rapid(self, http_method: str, endpoint: str, *args: object, **kwargs: object) -> None:
            super().call_rapid(http_method, f"/{path}{endpoint}", *args, **kwargs)

    run(handler, Client(authority))


def run_bootstrap(places: list[str]) -> None:
    """Become the first program that there is (C15); where that can't be, tell the Runtime API and end."""
    del os.environ["PYTHONPATH"]
    program = next((place for place in places if os.path.isfile(place)), None)
    if program is None:
        problem = f"Couldn't find valid bootstrap(s): [{' '.join(places)}]"
    else:
        try:
            os.execv(program, [program])
        except OSError as error:
            problem = f"fork/exec {program}: {(error.strerror or str(error)).lower()}"
    import http.client
    import json

    authority, _, path = os.environ["AWS_LAMBDA_RUNTIME_API"].partition("/")
    kind = "Runtime.InvalidEntrypoint"
    connection = http.client.HTTPConnection(authority)
    connection.request(
        "POST",
        f"/{path}/2018-06-01/runtime/init/error",
        json.dumps({"errorType": kind, "errorMessage": f"Error: {problem}"}),
        {"Lambda-Runtime-Function-Error-Type": kind},
    )
    connection.getresponse().read()
    sys.exit(1)


def main() -> None:
    guard = die_with_emulator()
    loop, task_root, packages, layers, stage, *rest = sys.argv[1:]
    if stage:
        from rooms import furnish, mapped, rename  # type: ignore[import-not-found]

        shown = furnish(task_root, packages, layers, stage, rest[0] if rest else "")
        rename(shown)
        task_root, packages, layers = (mapped(path, shown) for path in (task_root, packages, layers))
        os.chdir(task_root)
        sys.path = [mapped(path, shown) for path in sys.path]
    if loop == "exec":
        # The kernel keeps watching as long as the descriptor stays open; elsewhere the program must do it.
        os.set_inheritable(guard, True)
        os.execv(rest[0], [*rest, task_root, str(guard)])
    if loop == "bootstrap":
        os.set_inheritable(guard, True)
        run_bootstrap([f"{folder}/bootstrap" for folder in (task_root, layers) if folder])
        return
    exit_builtins()
    sys.dont_write_bytecode = rest[0] == "1"
    own_folder = sys.path[0]
    sys.path[0] = task_root
    if layers:
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        sys.path[1:1] = [f"{layers}/python/lib/{version}/site-packages", f"{layers}/python"]
    sys.path.append(packages)
    # Log records and errors come in frames on a descriptor of their own to the same pipe as print's text.
    os.environ["_LAMBDA_TELEMETRY_LOG_FD"] = str(os.dup(1))
    handler = os.environ["_HANDLER"]
    address = os.environ["AWS_LAMBDA_RUNTIME_API"]
    del sys.argv[1:]
    if loop == "awslambdaric":
        run_awslambdaric(handler, address)
        return
    sys.path.insert(0, own_folder)
    from python_loop import run_loop  # type: ignore[import-not-found]

    del sys.path[0]
    run_loop(handler, address)


main()
