# SPDX-License-Identifier: Apache-2.0
"""PHP's own server with one script, which answers with the arguments and the form as PHP reads them. Without php, tests are
skipped."""

import shutil
import socket
import subprocess
import time

import pytest

from .ports import LOOPBACK, Directory, free_port

SCRIPT = """<?php
header('Content-Type: application/json');
$files = [];
foreach ($_FILES as $name => $file) {
    $files[$name] = [$file['name'], $file['error'] ? null : base64_encode(file_get_contents($file['tmp_name']))];
}
echo json_encode(['get' => $_GET, 'post' => $_POST, 'files' => $files], JSON_INVALID_UTF8_SUBSTITUTE | JSON_FORCE_OBJECT);
"""


class Php:
    def __init__(self):
        program = shutil.which("php")
        if not program:
            pytest.skip("there is no php")
        self.dir = Directory("php")
        self.port = free_port()
        script = self.dir.write("answer.php", SCRIPT)
        self.process = subprocess.Popen([program, "-n", "-S", f"{LOOPBACK}:{self.port}", script],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.wait_up()

    def wait_up(self, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex((LOOPBACK, self.port)) == 0:
                    return
            time.sleep(0.02)
        self.close()
        raise RuntimeError("php did not start")

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.dir.close()
