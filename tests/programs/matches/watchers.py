"""Watches matches from outside: watchers.py HOST:PORT

Reads orders from standard input, one JSON object a line, and answers each with a line of JSON:

    {"open": "a", "count": 100, "transport": "ws", "match": "weir-sluice"}   connects a group
    {"report": "a"}                     what the group has received, and how it was closed
    {"read": "a"}                       a group that reads nothing begins to read
    {"close": "a", "reset": true}       disconnects a group, with RST or without
    {"storm": 1000}                     connects, sends a part of a request, and resets, so often
    {"garbage": 100, "seed": 1}         sends random frames, and counts how each socket ends

More keys of "open": "since" (resumes), "deaf" (reads nothing behind the head), "mute" (answers no
ping), "rcvbuf" (SO_RCVBUF). It needs nothing but Python, and shares no code with the server.
"""
import collections
import json
import os
import random
import selectors
import socket
import struct
import sys

VERBS = ("open", "report", "read", "close", "storm", "garbage")
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n"


def masked(first, payload):
    mask = os.urandom(4)
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else bytes([0xFE]) + struct.pack(">H", len(payload))
    return bytes([first]) + size + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def connect(address, rcvbuf=None):
    one = socket.socket()
    if rcvbuf:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    one.settimeout(20)
    one.connect(address)
    return one


def reset(one):
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()


class Watcher:
    def __init__(self, address, user, order):
        self.is_ws = order.get("transport", "ws") == "ws"
        self.is_mute, self.is_deaf = order.get("mute"), order.get("deaf")
        self.snapshots = self.events = self.gaps = self.lost = self.wrong = 0
        self.next = order.get("since")
        self.why, self.code, self.end = None, None, None
        self.socket = connect(address, order.get("rcvbuf"))
        path = f"/api/matches/watch?match={order.get('match', 'weir-sluice')}&user={user}"
        if self.next is not None:
            path += f"&since={self.next}"
        upgrade = UPGRADE if self.is_ws else ""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n".encode())
        self.bytes = b""
        while b"\r\n\r\n" not in self.bytes:
            part = self.socket.recv(200 if self.is_deaf else 65536)
            if not part:
                break
            self.bytes += part
        self.head, _, self.bytes = self.bytes.partition(b"\r\n\r\n")
        self.status = self.head[9:12].decode()
        if self.status not in ("101", "200"):
            self.end = f"refused with {self.status or 'nothing'}"
            self.socket.close()
            return
        self.socket.setblocking(False)
        if not self.is_deaf:
            self.parse()

    def read(self):
        try:
            part = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError as error:
            part, self.end = b"", type(error).__name__
        if not part:
            self.end = self.end or "closed"
        self.bytes += part
        self.parse()

    def parse(self):
        """Takes the whole messages off the bytes, and copies the rest once."""
        at, take = 0, self.frame if self.is_ws else self.chunk
        while (to := take(at)) is not None:
            at = to
        self.bytes = self.bytes[at:]

    def frame(self, at):
        """Takes the frame that begins there, and returns where the next one begins."""
        if len(self.bytes) < at + 2:
            return None
        first, size = self.bytes[at], self.bytes[at + 1]
        begin = at + {126: 4, 127: 10}.get(size, 2)
        size = int.from_bytes(self.bytes[at + 2 : begin], "big") if begin > at + 2 else size
        if len(self.bytes) < begin + size:
            return None
        payload = self.bytes[begin : begin + size]
        if first == 0x81:
            self.message(json.loads(payload))
        elif first == 0x88:
            self.code = str(struct.unpack(">H", payload[:2])[0])
        elif first == 0x89 and not self.is_mute:
            try:
                self.socket.send(masked(0x8A, payload))
            except OSError:
                pass
        elif first != 0x89:
            self.wrong += 1
        return begin + size

    def chunk(self, at):
        """Takes the chunk that begins there, and returns where the next one begins."""
        line = self.bytes.find(b"\r\n", at)
        if line < 0:
            return None
        begin, size = line + 2, int(self.bytes[at:line], 16)
        if len(self.bytes) < begin + size + 2:
            return None
        data = self.bytes[begin : begin + size]
        if not data:
            self.code = "last chunk"
        fields = dict(line.split(b": ", 1) for line in data.splitlines() if b": " in line)
        if b"data" in fields:
            message = json.loads(fields[b"data"])
            self.message(message)
            has = None if self.next in (0, None) or b"end" in message else self.next - 1
            if b"id" in fields and int(fields[b"id"]) != has:
                self.wrong += 1
        return begin + size + 2

    def message(self, message):
        """Each event must come once and in order, or a gap must name it."""
        (kind, value), = message.items()
        if kind == "snapshot":
            self.snapshots += 1
            self.next = value["next"]
        elif kind == "event":
            self.events += 1
            self.wrong += value["seq"] != self.next
            self.next = value["seq"] + 1
        elif kind == "gap":
            self.gaps += 1
            self.lost += value["to"] - value["from"] + 1
            self.wrong += value["from"] != self.next
            self.next = value["to"] + 1
        elif kind == "end":
            self.why = value["why"]
        else:
            self.wrong += 1


class Watchers:
    def __init__(self, host, port):
        self.address = (host, int(port))
        self.groups = {}
        self.selector = selectors.DefaultSelector()

    def open(self, order):
        group = self.groups.setdefault(order["open"], [])
        for number in range(order.get("count", 1)):
            try:
                one = Watcher(self.address, f"{order['open']}{number}", order)
            except OSError as error:
                one = type("Failed", (), {"end": type(error).__name__})
            group.append(one)
            if not one.end and not one.is_deaf:
                self.selector.register(one.socket, selectors.EVENT_READ, one)
            self.turn(0)
        return {"opened": sum(one.end is None or not one.end.startswith("refused") for one in group)}

    def report(self, order):
        group = [one for one in self.groups[order["report"]] if hasattr(one, "events")]
        total = {name: sum(getattr(one, name) for one in group) for name in ("snapshots", "events", "gaps", "lost", "wrong")}
        for name in ("why", "code", "end"):
            counted = collections.Counter(str(getattr(one, name, None)) for one in self.groups[order["report"]])
            total[f"{name}s"] = dict(counted)
        total["open"] = sum(one.end is None for one in group)
        total["next"] = min((one.next or 0 for one in group), default=0)
        return total

    def read(self, order):
        for one in self.groups[order["read"]]:
            if not one.end:
                self.selector.register(one.socket, selectors.EVENT_READ, one)
        return {}

    def close(self, order):
        for one in self.groups.pop(order["close"]):
            if not one.end:
                if not one.is_deaf:
                    self.selector.unregister(one.socket)
                reset(one.socket) if order.get("reset") else one.socket.close()
        return {}

    def storm(self, order):
        request = f"GET /api/matches/watch?match=weir-sluice&user=s HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n".encode()
        failed = 0
        for number in range(order["storm"]):
            try:
                one = connect(self.address)
                one.sendall(request[: (number * 37) % (len(request) + 40)])
                if number % 4 == 0 and (number * 37) % (len(request) + 40) > len(request):
                    one.recv(64)
                reset(one)
            except OSError:
                failed += 1
            if number % 50 == 0:
                self.turn(0)
        return {"failed": failed}

    def garbage(self, order):
        rng, ends = random.Random(order["seed"]), collections.Counter()
        kinds = ['{"command":"watch"', '{"command":"leave"}', "{}", "[", '{"command":7,"user":{}}', "\u00fc" * 40]
        for _ in range(order["garbage"]):
            one = connect(self.address)
            one.sendall(f"GET /api/matches/watch HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n".encode())
            session = b"".join(
                rng.choice([
                    lambda: masked(rng.randrange(256), rng.randbytes(rng.randrange(200))),
                    lambda: masked(0x81, rng.choice(kinds).encode()),
                    lambda: rng.randbytes(rng.randrange(20)),
                ])()
                for _ in range(rng.randrange(1, 8))
            )
            try:
                one.sendall(session)
                one.shutdown(socket.SHUT_WR)
                seen = b""
                while part := one.recv(65536):
                    seen += part
                ends["closed" if seen.startswith(b"HTTP/1.1 101") else "no handshake"] += 1
            except ConnectionError:
                ends["reset"] += 1
            except TimeoutError:
                ends["still open"] += 1
            one.close()
        return dict(ends)

    def turn(self, timeout):
        for key, _ in self.selector.select(timeout):
            if key.data is None:
                return True
            key.data.read()
            if key.data.end:
                self.selector.unregister(key.data.socket)
                key.data.socket.close()
        return False

    def run(self):
        orders = b""
        self.selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            if not self.turn(None):
                continue
            part = os.read(0, 65536)
            if not part:
                return
            *lines, orders = (orders + part).split(b"\n")
            for line in lines:
                order = json.loads(line)
                self.selector.unregister(sys.stdin)
                verb = next(verb for verb in VERBS if verb in order)
                answer = getattr(self, verb)(order)
                self.selector.register(sys.stdin, selectors.EVENT_READ)
                print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    Watchers(*sys.argv[1].split(":")).run()
