"""A real Chromium on loopback, driven by its own protocol: enough to point, click, type and measure."""

import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import time
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import urlopen

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--remote-debugging-port=0",
)  # fmt: skip

# every breach of a page's Content-Security-Policy, whatever was stopped
WATCH = (
    "window.breaches = []; addEventListener('securitypolicyviolation', "
    "event => breaches.push(event.violatedDirective + ' ' + event.blockedURI), true);"
)


class Chromium:
    """One page of one browser with a profile of its own."""

    def __init__(self, profile: Path) -> None:
        self._process = subprocess.Popen(
            [PROGRAM, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._count = 0
        self.events = []
        port = self._port(profile / "DevToolsActivePort")
        with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=120) as reply:
            page = next(t for t in json.load(reply) if t["type"] == "page")
        self._socket = _handshake(page["webSocketDebuggerUrl"])
        self.call("Page.enable")
        self.call("Network.enable")
        self.call("Runtime.enable")
        self.call("Log.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)

    def _port(self, file: Path) -> int:
        for _ in range(1200):
            if file.is_file() and file.read_text():
                return int(file.read_text().split()[0])
            time.sleep(0.1)
        raise AssertionError("Chromium did not start")

    def call(self, method, **params):
        self._count += 1
        _send(self._socket, json.dumps({"id": self._count, "method": method, "params": params}))
        while True:
            message = json.loads(_receive(self._socket))
            if message.get("id") == self._count:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def open(self, path: Path, *, width: int, height: int = 900) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        for _ in range(2400):
            if self.run("document.readyState") == "complete" and self.run("location.href") != "about:blank":
                return
            time.sleep(0.05)
        raise AssertionError("the page did not load")

    def run(self, script: str):
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def breaches(self) -> list[str]:
        """Give what the page's policy stopped, as the page itself and the console tell it."""
        entries = [e["params"]["entry"] for e in self.events if e["method"] == "Log.entryAdded"]
        return [*self.run("breaches"), *(e["text"] for e in entries if e["source"] == "security")]

    def point(self, x: float, y: float) -> None:
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, x: float, y: float) -> None:
        self.point(x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38}
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key]
            )

    def close(self) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(timeout=120)


def _handshake(url: str) -> socket.socket:
    place = urlparse(url)
    link = socket.create_connection((place.hostname, place.port), timeout=120)
    key = base64.b64encode(os.urandom(16)).decode()
    link.sendall(
        f"GET {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    reply = b""
    while b"\r\n\r\n" not in reply:
        reply += link.recv(1)
    assert b" 101 " in reply.split(b"\r\n")[0], reply
    return link


def _send(link: socket.socket, text: str) -> None:
    body, mask = text.encode(), os.urandom(4)
    size = len(body)
    head = b"\x81" + (
        bytes([0x80 | size])
        if size < 126
        else b"\xfe" + struct.pack(">H", size)
        if size < 65536
        else b"\xff" + struct.pack(">Q", size)
    )
    link.sendall(head + mask + bytes(b ^ mask[n % 4] for n, b in enumerate(body)))


def _receive(link: socket.socket) -> str:
    text, final = b"", False
    while not final:
        first, second = _exactly(link, 2)
        final, size = bool(first & 0x80), second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", _exactly(link, 2))
        elif size == 127:
            (size,) = struct.unpack(">Q", _exactly(link, 8))
        text += _exactly(link, size)
    return text.decode()


def _exactly(link: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = link.recv(size - len(found))
        assert part, "Chromium closed the connection"
        found += part
    return found
