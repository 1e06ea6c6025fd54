# SPDX-License-Identifier: Apache-2.0
"""A real browser, Debian's headless Chromium: it opens pages of two origins one after the other. Each page runs
its checks and posts what came of them to the server that it came from."""

import json
import os
import shutil
import signal
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .ports import LOOPBACK, Directory

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PAGE = """<!doctype html><meta charset="utf-8"><title>checks</title><link rel="icon" href="data:,"><script>
const api = %s, key = %s;
const checks = {%s};
(async () => {
    const results = {};
    for (const [name, check] of Object.entries(checks)) {
        try { results[name] = await check(); } catch (error) { results[name] = error.name; }
    }
    await fetch("/results", {method: "POST", body: JSON.stringify(results)});
    const next = %s;
    if (next) { location = next; }
})();
</script>"""


def find():
    """The browser's path, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.server.page.encode() if self.path == "/" else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        self.server.results = json.loads(body)
        self.server.done.set()

    def log_message(self, *args):
        pass


class Site:
    """The server of one origin, whose only page runs `checks`: {name: a function in JavaScript}."""

    def __init__(self):
        self.server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.server.done = threading.Event()
        self.origin = f"http://{LOOPBACK}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def page(self, api, key, checks, then=None):
        functions = ",\n".join(f"{json.dumps(name)}: {check}" for name, check in checks.items())
        self.server.page = PAGE % (json.dumps(api), json.dumps(key), functions, json.dumps(then))

    def results(self, seconds):
        assert self.server.done.wait(seconds), "the page did not tell its results in time"
        return self.server.results

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def visit(sites, seconds=60):
    """Opens the first site's page, which leads to the next one's. The results of all."""
    folder = Directory("browser")
    output = open(folder.join("output"), "wb")
    browser = subprocess.Popen(
        [find(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0",
         "--no-first-run", "--disable-background-networking", f"--user-data-dir={folder.join('profile')}",
         sites[0].origin + "/"],
        stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    try:
        return [site.results(seconds) for site in sites]
    except AssertionError as error:
        with open(folder.join("output"), encoding="latin-1") as f:
            raise AssertionError(f"{error}:\n{f.read()}") from None
    finally:
        os.killpg(browser.pid, signal.SIGKILL)
        browser.wait()
        output.close()
        folder.close()
