"""TLS by certificate files: 1.2 and later, renewed without a restart, and enough to leave home."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from modemgw.api.app import ApiError
from modemgw.api.tls import Certificate, CertificateError
from tests.api.house import House, open_house, until

if TYPE_CHECKING:
    from pathlib import Path

OPENSSL = shutil.which("openssl") or "openssl"


def make(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for this machine, signed by itself, and its key."""
    folder.mkdir(exist_ok=True)
    chain, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        [
            *(OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", str(key)),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-out", str(chain)),
        ],
        check=True,
        capture_output=True,
    )
    return chain, key


async def shown(house: House, **limits: ssl.TLSVersion) -> bytes:
    """The certificate that a new connection is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for name, value in limits.items():
        setattr(context, name, value)
    host, _, port = house.api.addresses[0].rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=context)
    found: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return found


def der(chain: Path) -> bytes:
    """What a connection shows of it."""
    return ssl.PEM_cert_to_DER_cert(chain.read_text())


async def test_the_api_speaks_tls_and_nothing_else(tmp_path: Path) -> None:
    """A client that trusts the certificate is served; one in the clear is not."""
    chain, key = make(tmp_path / "tls", "one")
    async with open_house(tmp_path, tls=(chain, key)) as house:
        assert house.api.urls == (f"https://{house.api.addresses[0]}",)
        trusting = ssl.create_default_context(cafile=str(chain))
        url = f"{house.api.urls[0]}/healthz"
        async with house.client.get(url, ssl=trusting) as reply:
            assert reply.status == 200
        with pytest.raises(Exception, match=r"(?i)disconnected|closed|reset|400"):
            async with house.client.get(url.replace("https", "http"), raise_for_status=True):
                pass


async def test_versions_before_1_2_are_not_spoken(tmp_path: Path) -> None:
    """1.2 itself is."""
    files = make(tmp_path / "tls", "one")
    async with open_house(tmp_path, tls=files) as house:
        assert house.api.certificate is not None
        assert house.api.certificate.context.minimum_version is ssl.TLSVersion.TLSv1_2
        assert await shown(house, maximum_version=ssl.TLSVersion.TLSv1_2) == der(files[0])


@pytest.mark.parametrize("asked", [False, True], ids=["on change", "when asked"])
async def test_a_renewed_certificate_is_shown_to_new_connections(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, asked: bool
) -> None:
    """Half a renewal, the certificate without its key, changes nothing and breaks nothing."""
    told: list[str] = []

    def refused() -> bool:
        told.append(capsys.readouterr().out)
        return "certificate_not_renewed" in "".join(told)

    chain, key = make(tmp_path / "tls", "one")
    other_chain, other_key = make(tmp_path / "tls", "two")
    first = der(chain)
    async with open_house(tmp_path, tls=(chain, key)) as house:
        certificate = house.api.certificate
        assert certificate is not None
        if not asked:
            certificate._every_s = 0.02
            certificate.ask_again()  # to look at the new interval
        shutil.copyfile(other_chain, chain)
        if asked:
            certificate.ask_again()
        await until(refused)
        assert await shown(house) == first
        shutil.copyfile(other_key, key)
        if asked:
            certificate.ask_again()
        async with asyncio.timeout(5):
            while await shown(house) != der(other_chain):
                await asyncio.sleep(0.02)


async def test_files_that_cannot_be_used_are_named_at_the_start(tmp_path: Path) -> None:
    """Missing, mixed up, or with a password; nothing asks at a terminal."""
    chain, key = make(tmp_path / "tls", "one")
    _, other = make(tmp_path / "tls", "two")
    locked = tmp_path / "locked.key"
    subprocess.run(
        [OPENSSL, "pkey", "-in", key, "-aes256", "-passout", "pass:x", "-out", locked],
        check=True,
        capture_output=True,
    )
    for wrong in (tmp_path / "none", other, locked):
        with pytest.raises(CertificateError, match=str(wrong)):
            Certificate(chain, wrong)
    with pytest.raises(ApiError, match=r"api\.tls_certificate"):
        async with open_house(tmp_path, tls=(chain, other)):
            pass


async def test_with_tls_the_api_may_be_reached_from_other_machines_but_not_without_a_key(
    tmp_path: Path,
) -> None:
    """What allow_anywhere allows in the clear."""
    files = make(tmp_path / "tls", "one")
    beyond = (("0.0.0.0", 0),)
    with pytest.raises(ApiError, match="no key"):
        async with open_house(tmp_path, tls=files, listen=beyond):
            pass
    async with open_house(tmp_path, tls=files) as house:
        assert house.keys
    async with open_house(tmp_path, tls=files, listen=beyond) as house:
        await until(lambda: bool(house.api.addresses))
    with pytest.raises(ApiError, match="in the clear"):
        async with open_house(tmp_path, listen=beyond):
            pass
