"""Through HTTPS_PROXY and SSL_CERT_FILE, as in a hospital's network: a proxy that breaks TLS open."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from eutils import StandIn, corpus

HOST = "eutils.ncbi.nlm.nih.gov"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Make an authority of our own, and a certificate for NCBI's host."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed; it makes the certificates of this test")
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "names").write_text(f"subjectAltName=DNS:{HOST}\n")
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes"]
    sign = [
        "openssl",
        "x509",
        "-req",
        "-in",
        "host.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
    ]
    for words in (
        [*new, "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-days", "9", "-subj", "/CN=Hospital"],
        [*new, "-keyout", "host.key", "-out", "host.csr", "-subj", f"/CN={HOST}"],
        [*sign, "-out", "host.pem", "-days", "9", "-extfile", "names"],
    ):
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
    return folder


class Proxy:
    """Takes CONNECT, opens TLS with its own certificate, and hands everything to a stand-in."""

    def __init__(self, certificates: Path, port: int) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificates / "host.pem", certificates / "host.key")
        self.port, self.heads, self.inner = port, [], []
        self.server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.getsockname()[1]}"

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.server.accept()
                threading.Thread(target=self.handle, args=(client,), daemon=True).start()

    def handle(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            self.heads.append(head.decode())
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with (
                self.context.wrap_socket(client, server_side=True) as inside,
                socket.create_connection(("127.0.0.1", self.port)) as service,
            ):
                threading.Thread(target=self.carry, args=(inside, service), daemon=True).start()
                self.carry(service, inside)

    def carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError, ValueError):
            while part := source.recv(65536):
                self.inner.append(part)
                target.sendall(part)


def search(folder, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("NCBI_", "METAREVIEW_", "SSL_"))}
    words = [sys.executable, "-m", "metareview", "search", "x", "--query", "cells[mh] OR cells[tiab]"]
    return subprocess.run(
        words, cwd=folder, env=clean | environment, capture_output=True, text=True, check=False
    )


def test_a_search_goes_through_the_proxy_and_trusts_its_certificate_for_its_name_alone(
    certificates, tmp_path
):
    with StandIn(corpus(250), keys=frozenset({"good-key"})) as service:
        proxy = Proxy(certificates, int(service.url.split(":")[2].split("/")[0]))
        access = {
            "HTTPS_PROXY": f"http://user:secret@{proxy.address}",
            "NCBI_EMAIL": "a@example.org",
            "NCBI_API_KEY": "good-key",
        }
        done = search(tmp_path, SSL_CERT_FILE=str(certificates / "ca.pem"), **access)
        assert done.returncode == 0, done.stderr
        assert "250 hits, 250 records" in done.stdout
        assert all(head.startswith(f"CONNECT {HOST}:443 ") for head in proxy.heads)
        heads = [part.split(b"\r\n\r\n")[0] for part in proxy.inner if part.startswith(b"POST")]
        assert heads and not any(b"good-key" in head for head in heads)
        distrusted = search(tmp_path, **access)
        other = {"METAREVIEW_EUTILS_URL": "https://other.example.org/entrez/eutils/"}
        misnamed = search(tmp_path, SSL_CERT_FILE=str(certificates / "ca.pem"), **access, **other)
        proxy.server.close()
    assert misnamed.returncode == 1
    assert "The certificate of other.example.org is not trusted" in misnamed.stderr
    assert distrusted.returncode == 1
    assert f"The certificate of {HOST} is not trusted" in distrusted.stderr
    assert "secret" not in distrusted.stderr
