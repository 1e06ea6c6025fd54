# SPDX-License-Identifier: Apache-2.0
"""introspector FILE: says of every token that it is active (RFC 7662); its port is written to FILE."""

import http.server
import json
import os
import sys
import time

NOW = int(time.time())
ANSWER = json.dumps({"active": True, "iss": "https://issuer.test", "sub": "alice", "azp": "bench", "scope": "read",
                     "iat": NOW, "exp": NOW + 86400}).encode()


class Endpoint(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
with open(sys.argv[1] + ".new", "w", encoding="ascii") as f:
    f.write(str(server.server_port))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
