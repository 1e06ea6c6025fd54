# SPDX-License-Identifier: Apache-2.0
"""A memcached on loopback that can be killed, hung and restarted."""

import signal
import socket
import subprocess

from .ports import LOOPBACK, free_port, unprivileged, wait_for_port


class Memcached:
    def __init__(self, *options):
        self.port = free_port()
        self.process = None
        self.options = options
        self.start()

    @property
    def address(self):
        return f"{LOOPBACK}:{self.port}"

    def start(self):
        user = unprivileged()
        command = ["memcached", "-l", LOOPBACK, "-p", str(self.port), "-U", "0", "-m", "16",
                   "-c", "1024", *self.options]
        self.process = subprocess.Popen(command + (["-u", user[0]] if user else []),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_for_port(self.port, self.process)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def hang(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def restart(self):
        self.kill()
        self.start()

    def command(self, line):
        """One command of the text protocol; the first line of the answer."""
        with socket.create_connection((LOOPBACK, self.port), 5) as s:
            s.sendall(line.encode() + b"\r\n")
            return s.recv(4096).decode("latin-1").split("\r\n")[0]

    def stat(self, name):
        with socket.create_connection((LOOPBACK, self.port), 5) as s:
            s.sendall(b"stats\r\n")
            data = b""
            while not data.endswith(b"END\r\n"):
                data += s.recv(65536)
        for line in data.decode().splitlines():
            words = line.split()
            if words[:2] == ["STAT", name]:
                return words[2]
        return None

    def trips(self):
        """Round trips so far: each read and each write is one."""
        return int(self.stat("cmd_get")) + int(self.stat("cmd_set"))

    def close(self):
        if self.process.poll() is None:
            self.resume()
            self.kill()
