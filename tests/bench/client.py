# SPDX-License-Identifier: Apache-2.0
"""client.py PORT COUNT STATUS [FILE [FIELD [BODY]]]: COUNT requests one after another on one connection,
with the header lines FILE holds, or, when its name ends with ".many", with one of them after the
other. Every answer must have the status (the first may differ: it warms caches up
and uses up the quota) and the last one the response field FIELD, else the measurement is worth
nothing. With the file BODY they are POST requests that send it."""

import socket
import sys

PATH = "/api/hello.json"


def read_answer(stream):
    status = int(stream.readline().split()[1])
    fields = {}
    while True:
        line = stream.readline().decode("latin-1").strip()
        if not line:
            break
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    body = stream.read(int(fields.get("content-length", 0)))
    return status, fields, body


def read_lines(file):
    if not file:
        return [""]
    with open(file, encoding="latin-1") as f:
        lines = [line.strip() + "\r\n" for line in f]
    return lines if file.endswith(".many") else ["".join(lines)]


def make_request(port, lines, body):
    if body:
        lines += f"Content-Length: {len(body)}\r\n"
    method = "POST" if body else "GET"
    return f"{method} {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{lines}\r\n".encode("latin-1") + body


def read_body(file):
    if not file:
        return b""
    with open(file, "rb") as f:
        return f.read()


def main(port, count, status, file="", field="", body=""):
    requests = [make_request(port, lines, read_body(body)) for lines in read_lines(file)]
    with socket.create_connection(("127.0.0.1", int(port)), timeout=60) as connection:
        stream = connection.makefile("rb")
        for i in range(int(count)):
            connection.sendall(requests[i % len(requests)])
            got, fields, body = read_answer(stream)
            if got != int(status) and i > 0:
                sys.exit(f"request {i + 1} was answered {got}, not {status}: {body!r}")
    if field and field.lower() not in fields:
        sys.exit(f"the last answer has no field {field}: {fields}")


main(*sys.argv[1:])
