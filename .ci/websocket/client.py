"""A WebSocket client that does as it is asked, right or wrong, as the Autobahn cases need it.

It has the names of the client that the cases were written for. A case calls it to send, and is
called when something comes: `onOpen`, `onMessage`, `onPing`, `onPong`, `onConnectionLost`.
Payloads are `str`, a character a byte (latin-1).
"""
import heapq
import itertools
import os
import re
import socket
import struct
import time
import types

# The case is over then, whatever it waits for.
LONGEST = 60
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def masked(payload, mask, position=0):
    """Returns the payload with its mask on. As one number, since Python is slow byte by byte."""
    shift = position % 4
    repeated = (mask[shift:] + mask[:shift]) * (len(payload) // 4 + 1)
    number = int.from_bytes(payload, "big") ^ int.from_bytes(repeated[: len(payload)], "big")
    return number.to_bytes(len(payload), "big")


def head(opcode, size, fin, rsv=0):
    first = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if size < 126:
        return first + bytes([0x80 | size])
    if size < 1 << 16:
        return first + b"\xfe" + struct.pack(">H", size)
    return first + b"\xff" + struct.pack(">Q", size)


class Client:
    STATE_CLOSED, STATE_CONNECTING, STATE_CLOSING, STATE_OPEN = range(4)
    CLOSE_STATUS_CODE_NORMAL = 1000
    CLOSE_STATUS_CODE_PROTOCOL_ERROR = 1002
    CLOSE_STATUS_CODE_INVALID_PAYLOAD = 1007
    factory = types.SimpleNamespace(isServer=False)

    def __init__(self, address):
        host, port, path = re.fullmatch(r"ws://(.*):(\d+)(/.*)", address).groups()
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
        )
        self.socket.sendall(request.encode())
        self.received = b""
        while b"\r\n\r\n" not in self.received:
            part = self.socket.recv(4096)
            assert part, f"no answer to the handshake: {self.received}"
            self.received += part
        answer, _, self.received = self.received.partition(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101 ") and ACCEPT.encode() in answer, answer
        self.state = self.STATE_OPEN
        self.timers, self.numbers = [], itertools.count()
        self.message_opcode, self.message = 0, []
        self.problem = None
        # What the cases read and set.
        self.connectionWasOpen, self.createWirelog, self.trafficStats = True, True, None
        self.closedByMe = self.droppedByMe = self.failedByMe = self.wasClean = False
        self.localCloseReason = self.remoteCloseCode = None
        self.autoFragmentSize = 0
        self.txFrameStats = {0: 0, 1: 0}

    # Sending.

    def send(self, data, chop=None):
        try:
            for at in range(0, len(data), chop or len(data)):
                self.socket.sendall(data[at : at + (chop or len(data))])
        except OSError:
            pass  # The next read tells.

    def sendFrame(self, opcode, payload="", fin=True, rsv=0, payload_len=None, chopsize=None, sync=False):
        if self.state == self.STATE_CLOSED:
            return
        payload = payload.encode("latin-1")
        if payload_len is not None:
            payload = (payload * (payload_len // len(payload) + 1))[:payload_len]
        mask = os.urandom(4)
        self.send(head(opcode, len(payload), fin, rsv) + mask + masked(payload, mask), chopsize)

    def sendMessage(self, payload, isBinary=False, fragmentSize=None):
        size = fragmentSize or self.autoFragmentSize or max(1, len(payload))
        parts = [payload[at : at + size] for at in range(0, len(payload), size)] or [""]
        for number, part in enumerate(parts):
            opcode = 0 if number else (BINARY if isBinary else TEXT)
            self.txFrameStats[min(opcode, 1)] += 1
            self.sendFrame(opcode, part, fin=number == len(parts) - 1)

    def beginMessage(self, isBinary=False):
        self.next_opcode = BINARY if isBinary else TEXT

    def beginMessageFrame(self, size):
        self.mask, self.position = os.urandom(4), 0
        self.send(head(self.next_opcode, size, False) + self.mask)
        self.next_opcode = 0

    def sendMessageFrameData(self, payload, sync=False):
        self.send(masked(payload.encode("latin-1"), self.mask, self.position))
        self.position += len(payload)

    def endMessage(self):
        self.sendFrame(0)

    def sendCloseFrame(self, code=None, reasonUtf8="", isReply=False):
        if self.state != self.STATE_OPEN:
            return
        self.closedByMe, self.localCloseReason = not isReply, reasonUtf8
        number = b"" if code is None else struct.pack(">H", code)
        self.sendFrame(CLOSE, number.decode("latin-1") + reasonUtf8)
        self.state = self.STATE_CLOSING

    def sendClose(self, code=None, reason=""):
        self.sendCloseFrame(code, reason)

    # Time.

    def later(self, seconds, action):
        heapq.heappush(self.timers, (time.monotonic() + seconds, next(self.numbers), action))

    def continueLater(self, seconds, action, tag=None):
        self.later(seconds, lambda: self.state == self.STATE_CLOSED or action())

    def closeAfter(self, seconds):
        self.later(seconds, self.sendClose)

    def killAfter(self, seconds):
        self.later(seconds, self.fail)

    def fail(self):
        self.failedByMe = True
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(1001)
        elif self.state == self.STATE_CLOSING:
            self.drop()

    def drop(self):
        if self.state != self.STATE_CLOSED:
            self.droppedByMe, self.state = True, self.STATE_CLOSED

    def enableWirelog(self, _):
        pass

    # Receiving.

    def take_frame(self):
        """Takes a whole frame off what was received: opcode, fin and payload."""
        data = self.received
        if len(data) < 2:
            return None
        at = {126: 4, 127: 10}.get(data[1] & 0x7F, 2)
        if len(data) < at:
            return None
        size = int.from_bytes(data[2:at], "big") if at > 2 else data[1] & 0x7F
        if len(data) < at + size:
            return None
        if data[1] & 0x80 or data[0] & 0x70:
            self.problem = "the server has masked a frame or set a reserved bit"
        self.received = data[at + size :]
        return data[0] & 0x0F, data[0] & 0x80, data[at : at + size].decode("latin-1")

    def handle(self, case, opcode, fin, payload):
        if opcode == CLOSE:
            code = struct.unpack(">H", payload[:2].encode("latin-1"))[0] if payload else None
            self.sendCloseFrame(code, isReply=True)
            self.wasClean, self.remoteCloseCode, self.state = True, code, self.STATE_CLOSING
            # The server must end the connection itself.
            self.later(1, self.drop)
        elif opcode == PING:
            case.onPing(payload)
        elif opcode == PONG:
            case.onPong(payload)
        else:
            self.message_opcode = opcode or self.message_opcode
            self.message.append(payload)
            if fin:
                message, self.message = "".join(self.message), []
                case.onMessage(message, self.message_opcode == BINARY)

    def run(self, case):
        """Plays the case until the connection has ended."""
        end = time.monotonic() + LONGEST
        case.onOpen()
        while self.state != self.STATE_CLOSED:
            now = time.monotonic()
            if now >= end:
                self.problem = f"not over after {LONGEST} s"
                break
            if self.timers and self.timers[0][0] <= now:
                heapq.heappop(self.timers)[2]()
                continue
            due = self.timers[0][0] if self.timers else end
            self.socket.settimeout(max(0.001, min(due, end) - now))
            try:
                part = self.socket.recv(1 << 18)
            except TimeoutError:
                continue
            except OSError:
                part = b""
            if not part:
                self.state = self.STATE_CLOSED
            self.received += part
            while self.state != self.STATE_CLOSED and (frame := self.take_frame()):
                self.handle(case, *frame)
        self.socket.close()
        case.onConnectionLost(self.failedByMe)
