# SPDX-License-Identifier: Apache-2.0
"""A memcached on loopback that can be killed, hung and restarted."""

import os
import signal
import socket
import subprocess
import time

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
        os.waitpid(self.process.pid, os.WUNTRACED)  # for a moment it still answers

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

    def items(self, seconds=20):
        """A line of words `name=value` for each item. The crawler that lists them is busy with a round
        of its own at times and passes over what is being moved, so it is asked until it tells all."""
        end = time.monotonic() + seconds
        while True:
            lines = self.ask_all("lru_crawler metadump all")
            if lines[-1] == "END" and len(lines) - 1 == int(self.stat("curr_items")):
                return lines[:-1]
            assert time.monotonic() < end, lines
            time.sleep(0.05)

    def ask_all(self, line):
        """All lines of the answer, which ends the connection."""
        with socket.create_connection((LOOPBACK, self.port), 20) as s:
            s.sendall(line.encode() + b"\r\n")
            s.shutdown(socket.SHUT_WR)
            data = b""
            while part := s.recv(65536):
                data += part
        return data.decode("latin-1").splitlines() or [""]

    def trips(self):
        """Round trips so far: each read and each write is one."""
        return int(self.stat("cmd_get")) + int(self.stat("cmd_set"))

    def close(self):
        if self.process.poll() is None:
            self.resume()
            self.kill()
