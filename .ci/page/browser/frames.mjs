// WebSocket frames, as far as the fake servers of the labs need them, and the headers of a page.
//
// Responsible for: text and close frames of a server, the short frames of a client, and the handshake.

import { createHash } from 'node:crypto';

export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";
export const KINDS = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html; charset=utf-8' };
export const PAGE = new URL('../../../src/http/page/', import.meta.url);

/** Answers the handshake of a WebSocket. */
export function handshake(request, socket) {
  const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key.digest('base64')}\r\n\r\n`,
  );
}

/** A frame of the server's. */
export function frame(text, opcode = 1) {
  const body = Buffer.from(text);
  const long = body.length >= 65_536;
  const head = Buffer.alloc(body.length < 126 ? 2 : long ? 10 : 4);
  head[0] = 0x80 | opcode;
  head[1] = body.length < 126 ? body.length : long ? 127 : 126;
  if (long) head.writeBigUInt64BE(BigInt(body.length), 2);
  else if (body.length >= 126) head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}

/** The frames in a client's bytes, short ones alone. */
export function* frames(bytes) {
  let at = 0;
  while (at + 6 <= bytes.length) {
    const opcode = bytes[at] & 15;
    let length = bytes[at + 1] & 127;
    at += 2;
    if (length === 126) {
      length = bytes.readUInt16BE(at);
      at += 2;
    }
    const mask = bytes.subarray(at, at + 4);
    const body = bytes.subarray(at + 4, at + 4 + length).map((byte, index) => byte ^ mask[index % 4]);
    at += 4 + length;
    yield [opcode, Buffer.from(body).toString()];
  }
}
