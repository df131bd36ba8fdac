"""A page opened in Debian's chromium, driven through its pipe: clicks, keys, what it logs and asks for."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["CHROMIUM", "OpenPage", "opened_page"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_SECONDS = 60.0
# What the plate browser says when it is drawn.
_READY = "document.documentElement?.dataset.ready === 'yes'"
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


class OpenPage:
    """One page. `faults` are what it logged as errors or warnings, `requests` the addresses that it asked for."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._out, self._in, self._rest, self._number, self._session = to_browser, from_browser, b"", 0, ""
        self.faults: list[str] = []
        self.requests: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def _messages(self, until: float) -> Iterator[dict[str, Any]]:
        while True:
            while b"\0" in self._rest:
                first, self._rest = self._rest.split(b"\0", 1)
                yield json.loads(first)
            ready, _, _ = select.select([self._in], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                return
            self._rest += os.read(self._in, 1 << 20)

    def _call(self, method: str, **params: Any) -> Any:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._out, json.dumps(message).encode() + b"\0")
        for one in self._messages(time.monotonic() + _SECONDS):
            if one.get("id") == self._number:
                assert "error" not in one, one
                return one["result"]
            self._note(one)
        raise TimeoutError(f"{method}: no answer")

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            self.faults.append(json.dumps(params["exceptionDetails"]))
        if event.get("method") == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.faults.append(json.dumps(params["args"]))
        if event.get("method") == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.faults.append(params["entry"]["text"])
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    def go(self, path: Path, *, width: int = 1300, height: int = 1000, anchor: str = "", ready: str = _READY) -> float:
        """Open a file, wait until the expression `ready` is true, and return the seconds that this took."""
        # The same address again would not be loaded anew.
        self._call("Page.navigate", url="about:blank")
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        start = time.monotonic()
        self._call("Page.navigate", url=path.resolve().as_uri() + anchor)
        self.wait_for(ready)
        return time.monotonic() - start

    def value(self, expression: str) -> Any:
        """The value of an expression of JavaScript; a promise is waited for."""
        found = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Wait until an expression is true."""
        until = time.monotonic() + _SECONDS
        while self.value(expression) is not True:
            assert time.monotonic() < until, f"{expression}: not true after {_SECONDS:g} s; {self.faults}"
            time.sleep(0.02)

    def mouse(self, kind: str, x: float, y: float) -> None:
        """`kind`: Moved, Pressed or Released."""
        button = {} if kind == "Moved" else {"button": "left", "clickCount": 1}
        self._call("Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, **button)

    def click(self, selector: str) -> None:
        """Click into the middle of what a selector finds."""
        self.value(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'nearest'}})")
        box = self.value(
            f"(() => {{ const b = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for kind in ("Moved", "Pressed", "Released"):
            self.mouse(kind, *box)

    def key(self, name: str) -> None:
        """Press a key."""
        text = {"text": name} if len(name) == 1 else {}
        self._call("Input.dispatchKeyEvent", type="keyDown", key=name, **text)
        self._call("Input.dispatchKeyEvent", type="keyUp", key=name)

    def picture(self, path: Path) -> None:
        """A screenshot, as PNG."""
        data = self._call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))


@contextmanager
def opened_page(folder: Path) -> Iterator[OpenPage]:
    """A page of a new chromium, whose profile is in `folder`."""
    to_browser, from_browser = os.pipe(), os.pipe()
    command = f'exec "$@" 3<&{to_browser[0]} 4>&{from_browser[1]}'
    browser = subprocess.Popen(
        [
            "bash",
            "-c",
            command,
            "chromium",
            str(CHROMIUM),
            *_FLAGS,
            f"--user-data-dir={folder}",
            "--remote-debugging-pipe",
        ],
        pass_fds=(to_browser[0], from_browser[1]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser[0])
    os.close(from_browser[1])
    try:
        yield OpenPage(to_browser[1], from_browser[0])
    finally:
        browser.terminate()
        browser.wait(timeout=30)
        os.close(to_browser[1])
        os.close(from_browser[0])
