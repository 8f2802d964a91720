"""Holds WebSockets of the jobs lab open: sockets.py HOST:PORT COUNT

Reads orders from standard input, one a line:

    a JSON object     is sent over the first socket
    report            asks for a line about all sockets since the last report

Writes lines of JSON to standard output: each answer and error that comes over the first socket,
and the reports. It needs nothing but Python, and shares no code with the server.
"""
import json
import os
import selectors
import socket
import struct
import sys
import time

KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


class WebSocket:
    def __init__(self, address):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)))
        request = (
            f"GET /api/jobs/socket HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
        )
        self.socket.sendall(request.encode())
        self.bytes = bytearray()
        while b"\r\n\r\n" not in self.bytes:
            self.bytes += self.socket.recv(4096) or sys.exit(f"no handshake: {bytes(self.bytes)}")
        head, _, self.bytes = self.bytes.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ") and ACCEPT in head, head
        self.end = None
        self.renew()

    def renew(self):
        self.records, self.last, self.gap = 0, time.monotonic(), 0.0

    def send(self, text):
        payload, mask = text.encode(), os.urandom(4)
        assert len(payload) < 126
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        self.socket.sendall(bytes([0x81, 0x80 | len(payload)]) + mask + masked)

    def read(self):
        """Takes what has come, and returns the messages that are complete."""
        try:
            part = self.socket.recv(1 << 18)
        except OSError as error:
            part, self.end = b"", repr(error)
        if not part:
            self.end = self.end or "closed"
            return []
        self.bytes += part
        messages = []
        while len(self.bytes) >= 2:
            first, size = self.bytes[0], self.bytes[1]
            at = {126: 4, 127: 10}.get(size, 2)
            if len(self.bytes) < at:
                break
            if at > 2:
                size = int.from_bytes(self.bytes[2:at], "big")
            if len(self.bytes) < at + size:
                break
            payload = bytes(self.bytes[at : at + size])
            del self.bytes[: at + size]
            if first == 0x88:
                self.end = f"closed with {struct.unpack('>H', payload[:2])}"
                return messages
            assert first == 0x81, f"not a whole text: {first:#x}"
            messages.append(payload)
        return messages

    def take(self, message):
        """Counts a record of the figures, and returns any other message."""
        if not message.startswith(b'{"jobs":'):
            return message
        now = time.monotonic()
        self.gap, self.last = max(self.gap, now - self.last), now
        self.records += 1
        return None


def say(line):
    print(line, flush=True)


def main():
    address, count = sys.argv[1], int(sys.argv[2])
    sockets = [WebSocket(address) for _ in range(count)]
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    for one in sockets:
        selector.register(one.socket, selectors.EVENT_READ, one)
    orders = b""
    while True:
        for key, _ in selector.select():
            one = key.data
            if one is None:
                part = os.read(0, 65536)
                if not part:
                    return
                *lines, orders = (orders + part).split(b"\n")
                for line in lines:
                    if line != b"report":
                        sockets[0].send(line.decode())
                        continue
                    now = time.monotonic()
                    report = {
                        "open": sum(one.end is None for one in sockets),
                        "ends": sorted({one.end for one in sockets if one.end}),
                        "records": min(one.records for one in sockets),
                        "gap_ms": max(max(one.gap, now - one.last) for one in sockets) * 1000,
                    }
                    for one in sockets:
                        one.renew()
                    say(json.dumps(report))
                continue
            for message in one.read():
                other = one.take(message)
                if other and one is sockets[0]:
                    say(other.decode())
            if one.end:
                selector.unregister(one.socket)


if __name__ == "__main__":
    main()
