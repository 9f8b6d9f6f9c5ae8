"""A daemon that speaks TLS: it says so, and reads a renewed certificate on SIGHUP."""

from __future__ import annotations

import shutil
import signal
import ssl
import subprocess
import time
from typing import TYPE_CHECKING

from tests.api.test_api_tls import der, make
from tests.cli.commands import COMMAND, environment

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_S = 30.0


def test_a_renewed_certificate_is_shown_after_sighup(tmp_path: Path) -> None:
    """Without a restart; and SIGTERM still ends it cleanly."""
    chain, key = make(tmp_path / "tls", "one")
    others = make(tmp_path / "tls", "two")
    (tmp_path / "modemgw.toml").write_text(
        f'[api]\nlisten = "127.0.0.1:0"\ntls_certificate = "{chain}"\ntls_key = "{key}"\n'
    )
    daemon = subprocess.Popen(
        (COMMAND, "run", "--config", "modemgw.toml"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
        env=environment(),
    )
    try:
        assert daemon.stdout is not None
        ready = daemon.stdout.readline().split()
        assert ready[:2] == ["modemgw", "ready"]
        assert ready[2].startswith("https://127.0.0.1:")
        address = ("127.0.0.1", int(ready[2].rpartition(":")[2]))
        assert ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(address)) == der(chain)
        for new, old in zip(others, (chain, key), strict=True):
            shutil.copyfile(new, old)
        daemon.send_signal(signal.SIGHUP)
        until = time.monotonic() + PATIENCE_S
        while ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(address)) != der(others[0]):
            assert time.monotonic() < until
            time.sleep(0.05)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(PATIENCE_S) == 0
    finally:
        daemon.kill()
        daemon.wait()
