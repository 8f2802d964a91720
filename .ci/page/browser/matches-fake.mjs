// A server that speaks like the matches lab and has no watcher: for states that a real one takes minutes to reach.
//   node browser/matches-fake.mjs [STATE] [PORT]
//
// Responsible for: the routes, the files of the page, and the WebSocket. matches-sim.mjs has the figures.

import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { extname } from 'node:path';
import { KINDS, PAGE, POLICY, frame, frames, handshake } from './frames.mjs';
import { MatchesSim } from './matches-sim.mjs';

const ROOT = '/api/matches/weir-sluice';

export class FakeMatches {
  sockets = new Set();
  /** What the page has ordered: method and path with its query. */
  orders = [];
  /** Why a goal is refused; empty if it is not. */
  refuses = '';
  /** Whether figures stand still. */
  isFrozen = false;

  static async start(state = 'delivered', port = 0) {
    const fake = new FakeMatches();
    fake.sim = new MatchesSim(state);
    fake.server = http.createServer((request, response) => fake.#answer(request, response));
    fake.server.on('upgrade', (request, socket) => fake.#upgrade(request, socket));
    await new Promise((resolve) => fake.server.listen(port, '127.0.0.1', resolve));
    fake.url = `http://127.0.0.1:${fake.server.address().port}`;
    fake.timer = setInterval(() => fake.#tick(), 250);
    return fake;
  }

  /** Drops every connection, as a killed server would. */
  drop() {
    for (const socket of this.sockets) socket.destroy();
  }

  async end() {
    clearInterval(this.timer);
    this.drop();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #tick() {
    if (!this.isFrozen) this.sim.tick();
    this.#send(1);
  }

  #send(points) {
    const text = frame(JSON.stringify({ match: this.sim.snapshot(points) }));
    for (const socket of this.sockets) socket.write(text);
  }

  #upgrade(request, socket) {
    if (!request.url.startsWith(`${ROOT}/socket`)) return socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    handshake(request, socket);
    socket.write(frame(JSON.stringify({ match: this.sim.snapshot() })));
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => this.sockets.delete(socket));
    socket.on('data', (bytes) => {
      for (const [opcode] of frames(bytes)) if (opcode === 8) socket.end(frame('', 8));
    });
  }

  async #answer(request, response) {
    const url = new URL(request.url, 'http://x');
    const send = (status, body, type = typeof body === 'string' ? 'text/plain' : 'application/json') => {
      response.writeHead(status, { 'content-type': type, 'content-security-policy': POLICY });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    try {
      if (request.method === 'POST') return this.#order(url, send);
      if (url.pathname === '/api/matches') return send(200, this.#list());
      if (url.pathname === ROOT) return send(200, this.sim.snapshot());
      const name = url.pathname === '/matches' ? 'matches.html' : url.pathname.replace(/^\/page\//, '');
      let body = await readFile(new URL(name, PAGE), 'utf8');
      const control = this.sim.readOnly ? 'content="none" data-token=""' : 'content="token" data-token="t"';
      body = body.replace('content=""', control);
      send(200, body, KINDS[extname(name)]);
    } catch (error) {
      send(404, `${error.message}\n`);
    }
  }

  #list() {
    const { match, now } = this.sim.snapshot();
    const own = { ...match, watchers: now.watchers };
    const other = { ...own, id: 'sluice-lockgate', home: 'Sluice', away: 'Lockgate', score: [0, 0], minute: 0, period: 'not begun', watchers: 0, visits: 0, playing: false };
    return { matches: [own, other] };
  }

  #order({ pathname, searchParams: query, search }, send) {
    const { sim } = this;
    this.orders.push(decodeURIComponent(pathname + search.replaceAll('+', ' ')));
    const isPlayed = ['first half', 'second half'].includes(sim.period);
    const orders = {
      [`${ROOT}/play`]: () => {
        sim.rate = Number(query.get('rate') ?? sim.rate);
        sim.playing = true;
        if (sim.period === 'over') this.sim = new MatchesSim('not-begun');
      },
      [`${ROOT}/pause`]: () => {
        sim.playing = false;
      },
      [`${ROOT}/stop`]: () => {
        sim.playing = false;
        sim.period = 'over';
        sim.publish('stop', 'the match is over');
      },
      [`${ROOT}/again`]: () => {
        this.sim = new MatchesSim('not-begun');
      },
      [`${ROOT}/event`]: () => {
        if (!isPlayed) return send(409, 'a goal needs a half that is played\n') ?? true;
        if (this.refuses) return send(409, `${this.refuses}\n`) ?? true;
        sim.goal(query.get('side'));
      },
      [`${ROOT}/crash`]: () => sim.mark('crash', `${query.get('part')} crashed`),
      '/api/matches': () => {},
      '/api/matches/reset': () => {
        this.sim = new MatchesSim('idle');
      },
      '/api/config': () => sim.configure(query.get('toml') ?? ''),
    };
    const act = orders[pathname];
    if (!act) return send(404, 'not found\n');
    if (act() === true) return;
    send(200, {});
    this.#send(1);
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const fake = await FakeMatches.start(process.argv[2], Number(process.argv[3] ?? 4331));
  console.log(`${fake.url}/matches`);
}
