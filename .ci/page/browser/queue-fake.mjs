// A bench whose queue is in states that need a full disk, a NATS server or an earlier life of the process.
//
// Responsible for: a proxy in front of a real server. It changes the queue's part of each snapshot, and answers
// for the dead letters and the nodes itself. Everything else is the server's.
//   node browser/queue-fake.mjs STATE [PORT]

import http from 'node:http';
import { Server } from './server.mjs';

/** Letters whose words are as foreign as an operator may meet them. */
const letters = (count) =>
  Array.from({ length: count }, (_, index) => {
    const id = 412 + 7 * index;
    const one = { id, tries: 3, why: 'the resource failed', bytes: 38, payload: `{"order":${id},"item":"a loaf of bread"}` };
    if (index === 1) return { ...one, why: `<img src=x onerror=alert(1)> ${'a reason as long as a panic can be '.repeat(9)}` };
    if (index === 2) return { ...one, tries: 1, why: 'the input is not a number', bytes: 0, payload: '' };
    if (index === 3) return { ...one, bytes: 60_000, payload: null, base64: 'iVBORw0KGgoAAAANSUhEUgAAB4AAAASw'.repeat(5) };
    if (index === 4) return { ...one, bytes: 9_000, payload: `an order in\nmany lines ${'and words '.repeat(10)}` };
    return one;
  });

const book = { accepted: 88_000, done: 87_400, failed: 23, dropped: 150, held: 427 };
const disk = { engine: 'disk', safety: 'power_loss', file: 'data/queue.redb', book };
const jetstream = { engine: 'jetstream', safety: 'process', book };
const ledger = (accepted, recovered, done, held, shared) => ({ accepted, recovered, done, failed: 0, dropped: 0, held, shared });
const node = (name, seen_ms, counts, me = false) => ({ name, url: `http://10.0.0.${name.at(-1)}:4000`, version: '0.1.0', since_s: 3_600, seen_ms, ledger: counts, me });
const nodes = [
  node('bench-1', 120, ledger(40_100, 412, 40_000, 12, 500), true),
  node('bench-2', 840, ledger(39_900, 0, 39_900, 100, -100)),
  node('bench-3', 12_400, ledger(8_000, 0, 7_600, 400, 0)),
];

/** Each state: what the queue says, what was recovered, the letters and the nodes. */
export const QUEUES = {
  memory: { queue: {} },
  disk: { queue: { ...disk, leased: 10, delayed: 2, settling: 1, payload_bytes: 51_200 }, recovered: 412 },
  interval: { queue: { ...disk, safety: 'memory', leased: 3 }, sync: '50ms' },
  dead: { queue: disk, letters: letters(23), recovered: 412 },
  one_dead: { queue: disk, letters: letters(1) },
  full: { queue: { ...disk, trouble: 'the disk is nearly full: 12582912 bytes are free; 16777216 are reserved for accepted events' }, letters: letters(3) },
  jetstream: { queue: { ...jetstream, leased: 20 }, nodes },
  away: { queue: { ...jetstream, trouble: 'the queue cannot be reached: no answer from nats://127.0.0.1:4222 for 4.1 s' }, nodes },
};

export class QueueFake {
  /** What the page has ordered. */
  orders = [];

  /**
   * @param {keyof typeof QUEUES} state
   * @param {string[]} settings of the server behind it
   */
  static async start(state, settings = [], port = 0) {
    const fake = new QueueFake();
    Object.assign(fake, { queue: {}, recovered: 0, letters: [], nodes: [] }, structuredClone(QUEUES[state]));
    fake.server = await Server.start(settings);
    fake.http = http.createServer((request, response) => fake.#answer(request, response));
    fake.http.keepAliveTimeout = 0;
    await new Promise((resolve) => fake.http.listen(port, '127.0.0.1', resolve));
    fake.url = `http://127.0.0.1:${fake.http.address().port}/`;
    return fake;
  }

  async end() {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
    await this.server.end();
  }

  /** A snapshot as a server with this queue would send it. */
  #changed(snapshot) {
    const usual = { engine: 'memory', safety: 'memory', leased: 0, delayed: 0, settling: 0, payload_bytes: 0, file: null, book: null, trouble: null };
    Object.assign(snapshot.queue, usual, this.queue, { dead: this.letters.length });
    if (this.queue.engine) snapshot.config.effective.queue.engine = this.queue.engine;
    if (this.sync) snapshot.config.effective.queue.sync = this.sync;
    snapshot.ledger.recovered = this.recovered;
    snapshot.ledger.done += this.recovered;
    return snapshot;
  }

  async #answer(request, response) {
    const url = new URL(request.url, 'http://x');
    let body = '';
    for await (const part of request) body += part;
    if (request.method === 'POST' && url.pathname.startsWith('/api/queue/dead/')) {
      this.orders.push(`${url.pathname} ${body}`.trim());
      return this.#order(url.pathname, body, response);
    }
    if (url.pathname === '/api/queue/dead') return send(response, 200, this.#list(url.searchParams));
    if (url.pathname === '/api/nodes') return send(response, 200, { nodes: this.nodes, sum: sum(this.nodes), engine: null, trouble: null });
    this.#pass(request, url, body, response);
  }

  #list(asked) {
    const [after, most] = [Number(asked.get('after') ?? -1), Number(asked.get('most') ?? 100)];
    const start = Number(asked.get('start') ?? Number.POSITIVE_INFINITY);
    const cut = (text) => text?.slice(0, start) ?? null;
    const found = this.letters.filter(({ id }) => id > after).slice(0, most);
    return { letters: found.map((letter) => ({ ...letter, payload: cut(letter.payload) })), dead: this.letters.length };
  }

  #order(path, body, response) {
    if (this.refuses) return send(response, 503, 'the change was not stored: No space left on device\n');
    const { id = null } = JSON.parse(body || '{}');
    const kept = path.endsWith('retry') && id !== null ? this.letters.filter((letter) => letter.id !== id) : [];
    const gone = this.letters.length - kept.length;
    this.letters = kept;
    send(response, 200, path.endsWith('retry') ? { retried: gone } : { purged: gone });
  }

  #pass(request, url, body, response) {
    const [host, port] = this.server.address.split(':');
    const headers = { ...request.headers, 'accept-encoding': 'identity' };
    const asked = http.request({ host, port, path: request.url, method: request.method, headers }, (answer) => {
      if (url.pathname === '/api/live') return this.#stream(answer, response);
      if (url.pathname !== '/') {
        response.writeHead(answer.statusCode, answer.headers);
        return answer.pipe(response);
      }
      let page = '';
      answer.on('data', (part) => (page += part));
      answer.on('end', () => {
        const [before, rest] = page.split('id="initial">');
        const end = rest.indexOf('</script>');
        const initial = JSON.parse(rest.slice(0, end));
        initial.snapshot = this.#changed(initial.snapshot);
        const { 'content-length': _, ...others } = answer.headers;
        response.writeHead(answer.statusCode, others);
        response.end(`${before}id="initial">${JSON.stringify(initial).replaceAll('</', '<\\/')}${rest.slice(end)}`);
      });
    });
    asked.on('error', () => response.destroy());
    response.on('close', () => asked.destroy());
    asked.end(body);
  }

  #stream(answer, response) {
    response.writeHead(answer.statusCode, answer.headers);
    let left = '';
    answer.setEncoding('utf8');
    answer.on('data', (part) => {
      const frames = (left + part).split('\n\n');
      left = frames.pop();
      for (const frame of frames) {
        const snapshot = this.#changed(JSON.parse(frame.replace(/^data: /, '')));
        response.write(`data: ${JSON.stringify(snapshot)}\n\n`);
      }
    });
    answer.on('close', () => response.end());
  }
}

function send(response, status, body) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json' });
  response.end(text);
}

const sum = (all) => {
  const total = { accepted: 0, recovered: 0, done: 0, failed: 0, dropped: 0, held: 0, shared: 0 };
  for (const { ledger } of all) for (const key of Object.keys(total)) total[key] += ledger[key];
  return total;
};

if (import.meta.url === `file://${process.argv[1]}`) {
  const fake = await QueueFake.start(process.argv[2], ['consumers.concurrency=10', 'resource.latency.mean=500ms'], Number(process.argv[3] ?? 4400));
  console.log(fake.url);
}
