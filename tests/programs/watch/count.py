"""Watches a match over raw sockets and counts the events of each watcher.

Usage: count.py HOST:PORT TRANSPORT WATCHERS. Prints `ready` when each watcher has its
snapshot. At the end of its standard input it reads what has arrived, and prints a line of
JSON: the first and the last number, the events in all, and what was out of order.
"""

import json
import selectors
import socket
import sys

address, transport, watchers = sys.argv[1], sys.argv[2], int(sys.argv[3])
host, port = address.rsplit(":", 1)
UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


class Watcher:
    def __init__(self, n):
        self.socket = socket.create_connection((host, int(port)))
        more = UPGRADE + KEY if transport == "ws" else ""
        path = f"/api/matches/watch?match=weir-sluice&user=p{n}"
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {address}\r\n{more}\r\n".encode())
        self.bytes = b""
        self.text = b""
        self.snapshot = False
        self.seqs = []
        self.has_head = False

    def take(self, data):
        self.bytes += data
        if not self.has_head:
            head, end, rest = self.bytes.partition(b"\r\n\r\n")
            if not end:
                return
            assert head.split()[1] in (b"101", b"200"), head
            self.has_head, self.bytes = True, rest
        for text in self.frames() if transport == "ws" else self.events():
            message = json.loads(text)
            if "snapshot" in message:
                self.snapshot = True
            elif "event" in message:
                self.seqs.append(message["event"]["seq"])

    def frames(self):
        while len(self.bytes) >= 2:
            opcode, length, head = self.bytes[0] & 15, self.bytes[1] & 127, 2
            if length == 126:
                length, head = int.from_bytes(self.bytes[2:4], "big"), 4
            if len(self.bytes) < max(head, 4) or len(self.bytes) < head + length:
                return
            payload = self.bytes[head : head + length]
            self.bytes = self.bytes[head + length :]
            if opcode == 1:
                yield payload

    def events(self):
        while b"\r\n" in self.bytes:
            size, _, rest = self.bytes.partition(b"\r\n")
            length = int(size, 16)
            if len(rest) < length + 2:
                return
            self.text += rest[:length]
            self.bytes = rest[length + 2 :]
            while b"\n\n" in self.text:
                event, _, self.text = self.text.partition(b"\n\n")
                for line in event.split(b"\n"):
                    if line.startswith(b"data: "):
                        yield line[6:]


selector = selectors.DefaultSelector()
all_watchers = [Watcher(n) for n in range(watchers)]
for watcher in all_watchers:
    selector.register(watcher.socket, selectors.EVENT_READ, watcher)
selector.register(sys.stdin, selectors.EVENT_READ, None)
ready, over = False, False
while True:
    found = selector.select(1 if over else None)
    if over and not found:
        break
    for key, _ in found:
        if key.data is None:
            if not sys.stdin.readline():
                over = True
                selector.unregister(sys.stdin)
            continue
        data = key.fileobj.recv(1 << 16)
        if data:
            key.data.take(data)
        else:
            selector.unregister(key.fileobj)
    if not ready and all(watcher.snapshot for watcher in all_watchers):
        ready = True
        print("ready", flush=True)
seqs = [watcher.seqs for watcher in all_watchers]
wrong = sum(1 for own in seqs for a, b in zip(own, own[1:]) if b != a + 1)
flat = [seq for own in seqs for seq in own]
print(json.dumps({"first": min(flat), "last": max(flat), "events": len(flat), "wrong": wrong}))
