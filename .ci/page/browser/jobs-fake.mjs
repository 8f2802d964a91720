// A server that speaks like the jobs lab and runs no job: for states that a real one takes minutes to reach.
//   node browser/jobs-fake.mjs [STATE] [PORT]
//
// Responsible for: the routes and the submitted jobs. jobs-sim.mjs has the figures, fake.mjs what all fakes share.

import { Fake, byHand } from './fake.mjs';
import { frame } from './frames.mjs';
import { JobsSim } from './jobs-sim.mjs';

const CODE = '(module\n  (func $calc_sum (param $from i64) (param $to i64) (param $sum i64) (result i64)\n    …))\n';

export class FakeJobs extends Fake {
  static async start(state = 'steady', port = 0) {
    const fake = new FakeJobs('jobs', 100);
    fake.sim = new JobsSim(state);
    fake.refs = new Map();
    fake.sim.ended = (answer) => fake.#end(answer);
    return fake.listen(port);
  }

  takes() {
    return true;
  }

  record(_, points) {
    return { jobs: this.sim.snapshot(points) };
  }

  #end(answer) {
    const asked = this.refs.get(answer.id);
    asked?.socket.write(frame(JSON.stringify({ answer: { ref: asked.ref, ...answer } })));
  }

  heard(socket, text) {
    const { submit, ref } = JSON.parse(text);
    const answer = this.sim.submit(submit);
    this.refs.set(answer.id, { socket, ref });
    socket.write(frame(JSON.stringify({ answer: { ref, ...answer } })));
  }

  answer(_, url, send) {
    const [, id, verb] = /^\/api\/jobs\/(\d+)(?:\/(\w+))?$/.exec(url.pathname) ?? [];
    if (id && verb === 'kill') this.#kill(Number(id), send);
    else if (id) this.#inspect(Number(id), Number(url.searchParams.get('calls') ?? 50), send);
    else return this.#order(url, send);
    return true;
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
      '/api/jobs/names/sum/call': () => {
        sim.names[0].calls += 1;
        return { name: 'sum', node: 'left', generation: 1, calls: sim.names[0].calls, job: sim.submit(query.get('n')) };
      },
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

if (process.argv[1] === new URL(import.meta.url).pathname) await byHand(FakeJobs, 4330);
