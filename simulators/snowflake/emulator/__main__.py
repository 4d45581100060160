"""Program: serves the account on 127.0.0.1, prints `{"port": n}` once it listens, and ends when its standard input does.

Arguments: --port n (0 takes a free one), --settings JSON (the fields of settings.py in camelCase).
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import sys
import threading
import warnings

from .account import Account
from .bucket_api import BucketApi
from .control_api import ControlApi
from .driver_api import DriverApi
from .http_server import Server
from .s3_api import S3Api
from .settings import Settings
from .stages import remove_files


def main() -> None:
    parser = argparse.ArgumentParser(prog="emulator")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--settings", default="{}")
    arguments = parser.parse_args()
    settings = Settings()
    settings.change(json.loads(arguments.settings))
    account = Account(settings)
    server = Server(
        [
            *DriverApi(account).routes(),
            *BucketApi(account).routes(),
            *S3Api(account).routes(),
            *ControlApi(account).routes(),
        ],
        arguments.port,
    )
    account.url = f"http://127.0.0.1:{server.server_port}"
    # Of DuckDB, about a copy that fakesnow makes.
    warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")
    signal.signal(signal.SIGTERM, lambda *_: _end())
    signal.signal(signal.SIGINT, lambda *_: _end())
    threading.Thread(target=_end_with_input, daemon=True).start()
    # Parsed statements are many, small and short-lived: looking for their cycles as often as Python does costs a tenth.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    print(json.dumps({"port": server.server_port}), flush=True)
    server.serve_forever(poll_interval=0.1)


def _end_with_input() -> None:
    """Whoever started this holds the other end; it closes however that process dies."""
    while sys.stdin.buffer.read(65_536):
        pass
    _end()


def _end() -> None:
    remove_files()
    # Statements may wait in threads of their own; nothing here is worth waiting for.
    os._exit(0)


main()
