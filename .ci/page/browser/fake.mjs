// What the fake servers of the labs share: the files of a page, and its WebSockets.
//
// Responsible for: starting and ending, dropping connections as a killed server would, and sending records. Each lab's
// fake has its routes, and a simulation (…-sim.mjs) has the figures.

import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { extname } from 'node:path';
import { KINDS, PAGE, POLICY, frame, frames, handshake } from './frames.mjs';

export class Fake {
  sockets = new Set();
  /** Responses that never end. */
  streams = new Set();
  /** What the page has ordered: method and path with its query. */
  orders = [];
  /** Whether figures stand still. */
  isFrozen = false;

  /**
   * @param {string} page the name of the lab, which is its path and its page
   * @param {number} every milliseconds between two records
   */
  constructor(page, every) {
    this.page = page;
    this.every = every;
  }

  /** Listens, and sends a record at each tick. @param {number} port */
  async listen(port = 0) {
    this.server = http.createServer((request, response) => this.#answer(request, response));
    // A connection is the browser's to close.
    this.server.keepAliveTimeout = 0;
    this.server.on('upgrade', (request, socket) => this.#upgrade(request, socket));
    await new Promise((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    this.timer = setInterval(() => this.tick(), this.every);
    return this;
  }

  /** Drops every connection, as a killed server would. */
  drop() {
    for (const socket of [...this.sockets, ...this.streams]) socket.destroy();
  }

  async end() {
    clearInterval(this.timer);
    this.drop();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  tick() {
    if (!this.isFrozen) this.sim.tick();
    this.broadcast();
  }

  /** Sends each page what it sees now. */
  broadcast() {
    for (const socket of this.sockets) socket.write(frame(JSON.stringify(this.record(socket.asked, 1))));
  }

  /** Whether a socket of this address is taken. @param {URL} url */
  takes(url) {
    return url.pathname.endsWith('/socket');
  }

  /** What a page with this address sees; `points` is how many of the history are new. */
  record() {
    throw new Error('each fake has its records');
  }

  /** Answers a request of the API. Returns whether it did. */
  answer() {
    return false;
  }

  /** Begins server-sent events. */
  stream(response, asked) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.asked = asked;
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
  }

  /** Takes a message of the page's. */
  heard() {}

  #upgrade(request, socket) {
    const url = new URL(request.url, 'http://x');
    if (!this.takes(url)) return socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    handshake(request, socket);
    socket.asked = url.searchParams;
    socket.write(frame(JSON.stringify(this.record(socket.asked))));
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => this.sockets.delete(socket));
    socket.on('data', (bytes) => {
      for (const [opcode, text] of frames(bytes)) {
        if (opcode === 8) socket.end(frame('', 8));
        if (opcode === 1) this.heard(socket, text);
      }
    });
  }

  async #answer(request, response) {
    const url = new URL(request.url, 'http://x');
    const send = (status, body, type = typeof body === 'string' ? 'text/plain' : 'application/json') => {
      response.writeHead(status, { 'content-type': type, 'content-security-policy': POLICY });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    try {
      let text = '';
      for await (const part of request) text += part;
      if (request.method !== 'GET') this.orders.push(decodeURIComponent(url.pathname + url.search.replaceAll('+', ' ')));
      if (this.answer(request.method, url, send, text, response)) return;
      if (request.method !== 'GET') return send(404, 'not found\n');
      send(200, await this.#file(url.pathname), KINDS[extname(url.pathname)] ?? KINDS['.html']);
    } catch (error) {
      send(404, `${error.message}\n`);
    }
  }

  async #file(path) {
    const name = path === `/${this.page}` ? `${this.page}.html` : path.replace(/^\/page\//, '');
    const body = await readFile(new URL(name, PAGE), 'utf8');
    return body.replace('content=""', this.sim.readOnly ? 'content="none" data-token=""' : 'content="token" data-token="t"');
  }
}

/** Runs a fake by hand. */
export async function byHand(Kind, port) {
  const fake = await Kind.start(process.argv[2], Number(process.argv[3] ?? port));
  console.log(`${fake.url}/${fake.page}`);
}
