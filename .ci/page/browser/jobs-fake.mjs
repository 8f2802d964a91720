// A server that speaks like the jobs lab and runs no job: for states that a real one takes minutes to reach.
//   node browser/jobs-fake.mjs [STATE] [PORT]
//
// Responsible for: the routes, the files of the page, and the WebSocket. jobs-sim.mjs has the figures.

import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { extname } from 'node:path';
import { KINDS, PAGE, POLICY, frame, frames, handshake } from './frames.mjs';
import { JobsSim } from './jobs-sim.mjs';

const CODE = '(module\n  (func $calc_sum (param $from i64) (param $to i64) (param $sum i64) (result i64)\n    …))\n';

export class FakeJobs {
  sockets = new Set();
  #count = 0;

  static async start(state = 'steady', port = 0) {
    const fake = new FakeJobs();
    fake.sim = new JobsSim(state);
    fake.refs = new Map();
    fake.sim.ended = (answer) => fake.#end(answer);
    fake.server = http.createServer((request, response) => fake.#answer(request, response));
    fake.server.on('upgrade', (request, socket) => fake.#upgrade(request, socket));
    await new Promise((resolve) => fake.server.listen(port, '127.0.0.1', resolve));
    fake.url = `http://127.0.0.1:${fake.server.address().port}`;
    fake.timer = setInterval(() => fake.#tick(), 100);
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
    this.sim.tick();
    this.#count += 1;
    const text = frame(JSON.stringify({ jobs: this.sim.snapshot(1) }));
    for (const socket of this.sockets) socket.write(text);
  }

  #end(answer) {
    const asked = this.refs.get(answer.id);
    asked?.socket.write(frame(JSON.stringify({ answer: { ref: asked.ref, ...answer } })));
  }

  #upgrade(request, socket) {
    handshake(request, socket);
    socket.write(frame(JSON.stringify({ jobs: this.sim.snapshot() })));
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => this.sockets.delete(socket));
    socket.on('data', (bytes) => {
      for (const [opcode, text] of frames(bytes)) {
        if (opcode === 8) socket.end(frame('', 8));
        if (opcode !== 1) continue;
        const { submit, ref } = JSON.parse(text);
        const answer = this.sim.submit(submit);
        this.refs.set(answer.id, { socket, ref });
        socket.write(frame(JSON.stringify({ answer: { ref, ...answer } })));
      }
    });
  }

  async #answer(request, response) {
    const url = new URL(request.url, 'http://x');
    const send = (status, body, type = typeof body === 'string' ? 'text/plain' : 'application/json') => {
      response.writeHead(status, { 'content-type': type, 'content-security-policy': POLICY });
      response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
    };
    try {
      const [, id, verb] = /^\/api\/jobs\/(\d+)(?:\/(\w+))?$/.exec(url.pathname) ?? [];
      if (id && verb === 'kill') return this.#kill(Number(id), send);
      if (id) return this.#inspect(Number(id), Number(url.searchParams.get('calls') ?? 50), send);
      const made = this.#order(url, send);
      if (made) return;
      const name = url.pathname === '/jobs' ? 'jobs.html' : url.pathname.replace(/^\/page\//, '');
      let body = await readFile(new URL(name, PAGE), 'utf8');
      const control = this.sim.readOnly ? 'content="none" data-token=""' : 'content="token" data-token="t"';
      body = body.replace('content=""', control);
      send(200, body, KINDS[extname(name)]);
    } catch (error) {
      send(404, `${error.message}\n`);
    }
  }

  #kill(id, send) {
    const rogue = this.sim.rogues.find((one) => one.id === id);
    if (rogue && rogue.isolation !== 'fuel' && this.sim.isolation !== 'fuel') {
      rogue.kill = 'no_effect';
      this.sim.mark('kill', 'kill: no effect');
      return send(409, `job ${id} runs in isolation "${this.sim.isolation}" and cannot be interrupted\n`);
    }
    const killed = this.sim.kill(id);
    return killed ? send(200, killed) : send(410, `job ${id} has ended\n`);
  }

  #inspect(id, calls, send) {
    if (this.sim.isolation !== 'fuel') return send(409, `job ${id} runs in isolation "${this.sim.isolation}" and cannot be interrupted\n`);
    const seen = this.sim.inspect(id, calls);
    return seen ? send(200, seen) : send(410, `job ${id} has ended\n`);
  }

  #order({ pathname, searchParams: query }, send) {
    const { sim } = this;
    const text = { version: sim.version, text: CODE, file_text: CODE.replace('…', 'new'), file: 'jobs/sum.wat' };
    const orders = {
      '/api/jobs': () => sim.snapshot(),
      '/api/jobs/code': () => text,
      '/api/jobs/rehearse': () => sim.rehearse(),
      '/api/jobs/swap': () => {
        if (!sim.rehearsal) return send(409, 'nothing was rehearsed\n');
        sim.swap();
        return { version: sim.version };
      },
      '/api/jobs/back': () => {
        sim.back();
        return { version: sim.version };
      },
      '/api/jobs/load': () => {
        for (const name of ['workers', 'rate', 'fail_share']) if (query.has(name)) sim.load[name] = Number(query.get(name));
        sim.mark('load', `${sim.load.workers} workers`);
        return 'OK';
      },
      '/api/jobs/reset': () => {
        this.sim = new JobsSim('idle');
        this.sim.ended = (answer) => this.#end(answer);
        return 'OK';
      },
      '/api/config': () => {
        const [, key, value] = /^jobs\.(\w+) *= *"?(\w+)"?$/.exec(query.get('toml') ?? '') ?? [];
        if (key === 'isolation') sim.isolation = value;
        else if (key === 'slice') sim.slice = Number(value);
        sim.mark(key === 'isolation' ? 'isolation' : 'settings', `${key} ${value}`);
        return { changes: [] };
      },
    };
    const made = orders[pathname]?.();
    if (made === undefined) return pathname in orders;
    send(200, made);
    return true;
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const fake = await FakeJobs.start(process.argv[2], Number(process.argv[3] ?? 4330));
  console.log(`${fake.url}/jobs`);
}
