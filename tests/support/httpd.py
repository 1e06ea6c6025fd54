# SPDX-License-Identifier: Apache-2.0
"""A private httpd on loopback: configuration text in, a running server out. It is started in the
foreground as our own child, so it is stopped by its process id and cannot outlive the tests."""

import glob
import os
import re
import signal
import subprocess
import time

from .client import Client
from .ports import LOOPBACK, Directory, free_port, unprivileged
from .verdict import Verdict

MODULE = os.environ.get("APIGUARD_MODULE", "")
PRELOAD = os.environ.get("APIGUARD_HTTPD_PRELOAD", "")  # a sanitizer's run-time library
UP = "resuming normal operations"

BASE_MODULES = ("authn_core", "authn_file", "auth_basic", "authz_core", "authz_user", "authz_host",
                "dbd", "dir", "mime", "alias", "env", "setenvif", "headers")

MPMS = {
    "event": "StartServers {n}\nServerLimit {n}\nThreadsPerChild {t}\nThreadLimit {t}\n"
             "MinSpareThreads 1\nMaxSpareThreads {nt}\nMaxRequestWorkers {nt}\n",
    "prefork": "StartServers {nt}\nServerLimit {nt}\nMinSpareServers {nt}\n"
               "MaxSpareServers {nt}\nMaxRequestWorkers {nt}\n",
}
MPMS["worker"] = MPMS["event"]

TEMPLATE = """\
ServerRoot {root}
DefaultRuntimeDir {root}/run
PidFile {root}/run/httpd.pid
ServerName api.test
Listen {host}:{port}
{identity}
LoadModule mpm_{mpm}_module {modules}/mod_mpm_{mpm}.so
{mpm_conf}
{load}
TypesConfig /dev/null
AddType text/html .html
AddType application/json .json
ErrorLog {root}/logs/error.log
LogLevel info apiguard:debug
LogFormat "%h %u \\"%r\\" %>s %b" plain
CustomLog {root}/logs/access.log plain
Timeout 20
KeepAliveTimeout 2
GracefulShutdownTimeout 5
{dbd}
LoadModule apiguard_module {module}
DocumentRoot {root}/htdocs
<Directory {root}/htdocs>
    Require all granted
    AllowOverride None
</Directory>
# Tests send more wrong credentials than any client: those about bans say so themselves.
{ban}
# Every path /s/NAME/x is htdocs/api/x, so a test may have a section for each of its cases.
AliasMatch "^/s/[^/]+/(.*)" "{root}/htdocs/api/$1"
{conf}
"""


def apxs(name):
    return subprocess.run(["apxs", "-q", name], check=True, capture_output=True,
                          text=True).stdout.strip()


def find_httpd():
    for path in (os.environ.get("HTTPD", ""), "/usr/sbin/apache2", "/usr/sbin/httpd"):
        if path and os.access(path, os.X_OK):
            return path
    raise RuntimeError("no httpd found; set HTTPD")


MODULES_DIR = apxs("LIBEXECDIR")
STATIC = None


def static_modules():
    """Modules built into httpd cannot be loaded again (Debian: log_config, unixd, watchdog, ...)."""
    global STATIC
    if STATIC is None:
        out = subprocess.run([find_httpd(), "-l"], capture_output=True, text=True).stdout
        STATIC = set(re.findall(r"mod_(\w+)\.c", out))
    return STATIC


def load_lines(names):
    lines = []
    for name in dict.fromkeys(names):
        if name not in static_modules():
            lines.append(f"LoadModule {name}_module {MODULES_DIR}/mod_{name}.so")
    return "\n".join(lines)


class Httpd:
    """One server in one directory.

    conf       text behind the base configuration; {root}, {port} and other words in `words` are
               filled in by str.replace
    modules    names beyond BASE_MODULES ("rewrite", "proxy_http")
    ban        the server's own line about bans; "" leaves them to their default
    database   a database of support.keys, named to mod_dbd; None: no database
    """

    def __init__(self, conf="", modules=(), database=None, mpm="event", processes=2, threads=16,
                 files=None, words=None, head="", ban="ApiGuardBan off"):
        self.dir = Directory("httpd")
        self.root = self.dir.path
        self.port = free_port()
        self.process = None
        self.user = unprivileged()
        self.database = database
        self.settings = {"modules": modules, "mpm": mpm, "processes": processes,
                         "threads": threads, "words": words or {}, "head": head, "ban": ban}
        for name in ("run", "logs", "htdocs"):
            self.dir.mkdir(name)
        self.put("index.html", "top\n")
        self.put("api/index.html", "api index\n")
        self.put("api/hello.html", "hello\n")
        for name, text in (files or {}).items():
            self.put(name, text)
        self.conf_path = self.dir.join("httpd.conf")
        self.verdict = Verdict(self.dir.join("logs/error.log"), self.dir.join("logs/access.log"))
        self.client = Client(LOOPBACK, self.port)
        self.configure(conf)

    # ---- configuration ----

    def put(self, name, text, mode=0o644):
        """A file below the document root."""
        return self.dir.write(os.path.join("htdocs", name), text, mode)

    def configure(self, conf, dbd=None):
        s = self.settings
        for word, value in {"root": self.root, "port": self.port, **s["words"]}.items():
            conf = conf.replace("{%s}" % word, str(value))
        n, t = s["processes"], s["threads"]
        text = TEMPLATE.format(
            root=self.root, port=self.port, host=LOOPBACK, modules=MODULES_DIR, module=MODULE,
            identity="User {}\nGroup {}".format(*self.user) if self.user else "",
            mpm=s["mpm"], mpm_conf=MPMS[s["mpm"]].format(n=n, t=t, nt=n * t),
            load=load_lines((*BASE_MODULES, *s["modules"])) + "\n" + s["head"],
            dbd=self.dbd_lines() if dbd is None else dbd, ban=s["ban"], conf=conf)
        with open(self.conf_path, "w") as f:
            f.write(text)

    def dbd_lines(self):
        if not self.database:
            return ""
        driver, params = self.database.dbd()
        return (f"DBDriver {driver}\nDBDParams \"{params}\"\n"
                f"DBDMin 0\nDBDKeep 2\nDBDMax {max(4, self.settings['threads'])}\nDBDExptime 60\n")

    def configtest(self):
        """(True when the configuration is good, what httpd said)."""
        done = subprocess.run(self.command("-t"), capture_output=True, text=True,
                              env=self.environment(), timeout=60)
        return done.returncode == 0, done.stdout + done.stderr

    # ---- life ----

    def command(self, *args):
        return [find_httpd(), "-f", self.conf_path, *args]

    def environment(self):
        env = dict(os.environ)
        if PRELOAD:
            env["LD_PRELOAD"] = PRELOAD
        return env

    def start(self, env=None):
        """Starts; a server that does not come up is an error that quotes its log."""
        self.log_output = open(self.dir.join("logs/output.log"), "wb")
        before = self.verdict.error.all().count(UP)
        self.process = subprocess.Popen(
            self.command("-DFOREGROUND"), stdin=subprocess.DEVNULL, stdout=self.log_output,
            stderr=self.log_output, env={**self.environment(), **(env or {})},
            start_new_session=True)
        self.wait_up(before)
        return self

    def try_start(self, env=None):
        """(True when it runs, everything it said when it does not)."""
        try:
            self.start(env)
            return True, ""
        except RuntimeError as error:
            return False, str(error)

    def wait_up(self, before, seconds=60):
        end = time.monotonic() + seconds
        while self.verdict.error.all().count(UP) <= before:
            if self.process.poll() is not None:
                raise RuntimeError("httpd did not start:\n" + self.said())
            if time.monotonic() > end:
                self.stop()
                raise RuntimeError("httpd did not come up in time:\n" + self.said())
            time.sleep(0.005)

    def said(self):
        """All it said, for an error that quotes it; thereby the verdict is done with these lines."""
        with open(self.dir.join("logs/output.log"), "rb") as f:
            return f.read().decode("latin-1") + self.verdict.error.take()

    def children(self):
        """Process ids of the running children."""
        pid = self.process.pid
        try:
            with open(f"/proc/{pid}/task/{pid}/children") as f:
                return [int(word) for word in f.read().split()]
        except FileNotFoundError:
            return []

    def again(self, signal_number, seconds):
        """Until the new children answer, and the old ones have ended or had so many seconds for it."""
        old = set(self.children())
        self.let_go()
        before = self.verdict.error.all().count(UP)
        self.process.send_signal(signal_number)
        self.wait_up(before)
        end = time.monotonic() + seconds
        while old & set(self.children()) and time.monotonic() < end:
            time.sleep(0.01)

    def graceful(self, seconds=20):
        self.again(signal.SIGUSR1, seconds)

    def restart(self, seconds=20):
        self.again(signal.SIGHUP, seconds)

    def let_go(self):
        """A connection that was just closed may still be on its way out: stopped in that moment, the
        event MPM closes it twice (AH03092, or a crash of the child that ends)."""
        time.sleep(0.1)

    def stop(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.let_go()
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log_output.close()
        self.process = None

    def close(self):
        self.stop()
        self.dir.close()

    # ---- logs ----

    def expect(self, *patterns):
        self.verdict.expect(*patterns)

    def error_log(self):
        return self.verdict.error.all()

    def access_log(self):
        return self.verdict.access.all()

    def wait_log(self, pattern, seconds=10, access=False):
        """The first match in the error (or access) log since this test began, waited for."""
        reader = self.verdict.access if access else self.verdict.error
        end = time.monotonic() + seconds
        while True:
            match = re.search(pattern, reader.peek())
            if match or time.monotonic() > end:
                return match
            time.sleep(0.02)

    def named_log(self, name, until="", seconds=10):
        """A log of the test's own; it is written behind the answer, so `until` is waited for: a text
        that stands in it, or a function of its text that says yes."""
        end = time.monotonic() + seconds
        while True:
            paths = glob.glob(self.dir.join("logs", name))
            text = open(paths[0], encoding="latin-1").read() if paths else ""
            if (until(text) if callable(until) else until in text) or time.monotonic() > end:
                return text
            time.sleep(0.02)

    # ---- requests ----

    def get(self, path, **kw):
        return self.client.request("GET", path, **kw)

    def request(self, method, path, **kw):
        return self.client.request(method, path, **kw)
