// A simulation of the jobs lab: what GET /api/jobs says of a server in each state, without one.
//
// Responsible for: the JSON, with figures of the same size as a real server's. jobs-fake.mjs serves it.

const SLICE_US = 57;
const WORD = { 'one-rogue': 1, drawer: 1, 'ten-rogues': 10, task: 1, thread: 1, killed: 1, rehearsal: 1, swapped: 1 };

export const STATES = ['idle', 'steady', ...Object.keys(WORD), 'refused', 'hostile'];

/** Numbers that are the same each time: mulberry32. */
function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Turns of one core in a window of µs: [start, length, job]; job 0 is ordinary work. */
function turns(window, rogues, jobsPerMs, isolation) {
  if (isolation === 'task' && rogues.length) return [[0, window, rogues[0].id]];
  const rnd = random(Math.floor(Math.random() * 1e9));
  const queue = isolation === 'thread' ? [] : rogues.map(({ id }) => id);
  const out = [];
  let at = 0;
  let tick = 180;
  while (at < window) {
    while (tick <= at) {
      for (let i = 0; i < jobsPerMs * (0.8 + rnd() * 0.4); i += 1) queue.push(0);
      tick += 1000;
    }
    if (!queue.length) {
      at = tick;
      continue;
    }
    const job = queue.shift();
    const length = Math.min(job ? SLICE_US * (0.97 + rnd() * 0.06) : 9 * (0.7 + rnd() * 0.6), window - at);
    out.push([round(at), round(length), job]);
    at += length;
    if (job) queue.push(job);
  }
  return out;
}

const round = (n) => Math.round(n * 10) / 10;
const many = (n) => n.toLocaleString('en-US');
const never = (id) => `#${id} never ends`;

export class JobsSim {
  now = 0;
  isolation = 'fuel';
  slice = 50_000;
  threads = 1;
  load = { workers: 10_000, rate: 1, fail_share: 0 };
  rogues = [];
  version = 1;
  former = [];
  latest = 1;
  next = 48_213;
  counts = { done: 0, failed: 0, killed: 0, refused: 3 };
  restarts = 12;
  history = { rate: [], core: [], p99_us: [] };
  marks = [];
  rehearsal = null;
  problem = null;
  swapped = null;
  readOnly = false;
  name = 'calc_sum';
  /** Called with a job's answer: { id, state, … } */
  ended = () => {};

  constructor(state = 'steady') {
    const named = { name: 'sum', node: '127.0.0.1:4001', url: 'http://127.0.0.1:4001', generation: 2, here: false, calls: null };
    this.names = state === 'swapped' ? [named] : [];
    this.counts.done = 4_182_310;
    if (state === 'idle') {
      this.load.workers = 0;
      this.counts = { done: 0, failed: 0, killed: 0, refused: 0 };
      this.restarts = 0;
    }
    if (state === 'task' || state === 'thread') this.isolation = state;
    if (state === 'hostile') this.name = '<img src=x onerror=alert(1)>';
    const rogues = WORD[state] ?? (state === 'hostile' ? 1 : 0);
    for (let tenth = 0; tenth < 600; tenth += 1) {
      if (state !== 'idle' && tenth === 210) this.submit('13');
      if (tenth >= 458 && tenth < 458 + rogues) this.submit(state === 'ten-rogues' && tenth === 459 ? '999999999' : '-1', tenth === 458 ? 'you' : 'load');
      if (tenth === 500 && ['rehearsal', 'swapped'].includes(state)) this.rehearse();
      if (tenth === 540 && state === 'swapped') this.swap();
      if (tenth === 550 && state === 'killed') this.kill(this.rogues[0].id);
      if (tenth === 550 && state === 'refused') this.refuse();
      this.tick();
    }
  }

  mark(kind, word) {
    this.marks.push({ at_ms: this.now, kind, word });
  }

  submit(text, by = 'you') {
    const input = text.trim();
    const why = /^-?\d+$/.test(input) ? (BigInt(input) > 2n ** 63n - 1n ? `${input} does not fit into 64 bits` : null) : `"${input}" is not a whole number`;
    if (why || input === '') {
      this.counts.refused += 1;
      return { id: null, input: text, state: 'invalid', result: null, took_ms: null, told_ms: null, why: `invalid input: ${why ?? 'nothing was typed'}`, stack: [] };
    }
    const n = BigInt(input);
    const id = this.next++;
    const answer = { id, input, state: 'done', result: null, took_ms: 0.05 + Math.random() * 0.02, told_ms: null, why: null, stack: [] };
    const trap = (stack) => {
      this.counts.failed += 1;
      this.mark('trap', `${input} traps`);
      return Object.assign(answer, { state: 'failed', why: `trap: unreachable in ${stack.join(' < ')}`, stack });
    };
    if (this.version > 1) {
      if (n < 1n) return trap(['sum']);
    } else {
      if (n === 13n) return trap(['sum']);
      if (n < 1n || n > 50_000_000n) {
        this.rogues.push({ id, input, by, since: this.now, endless: n < 1n, kill: null, version: this.version, answer });
        if (this.rogues.length < 3) this.mark('rogue', n < 1n ? never(id) : `#${id} is long`);
        return Object.assign(answer, { state: 'running', took_ms: null });
      }
    }
    this.counts.done += 1;
    return Object.assign(answer, { result: ((n * (n + 1n)) / 2n).toString() });
  }

  kill(id) {
    const rogue = this.rogues.find((one) => one.id === id);
    if (!rogue) return null;
    this.rogues = this.rogues.filter((one) => one !== rogue);
    this.counts.killed += 1;
    this.killedAt = { at: this.now, id };
    this.mark('kill', `kill #${id}`);
    this.ended(Object.assign(rogue.answer, { state: 'killed', took_ms: this.now - rogue.since, told_ms: 0.05, why: `killed in ${this.name} < sum`, stack: [this.name, 'sum'] }));
    return { ended: `killed in ${this.name} < sum`, told_ms: 0.05 };
  }

  rehearse() {
    this.problem = null;
    const trial = (input, old, fresh, count, a, b) => ({ input, old, new: fresh, count, old_reductions: a, new_reductions: b });
    this.rehearsal = {
      file: 'jobs/sum.wat',
      version: this.version,
      inputs: 1000,
      same: 997,
      broken: 0,
      skipped: 0,
      took_ms: 84,
      refused: null,
      changed: 2,
      differences: [trial('13', 'trap: unreachable', '91', 4, 3, 26), trial('-1', 'no end', 'trap: unreachable', 1, 10_000_000, 9)],
      faster: [trial('999999999', '499999999500000000', '499999999500000000', 1, 13_000_000_000, 40)],
    };
    this.mark('save', 'saved');
    return this.rehearsal;
  }

  refuse() {
    this.rehearsal = null;
    this.problem = 'jobs/sum.wat: function calc_sum, line 7: unknown instruction i64.sums';
    this.mark('save', 'saved');
  }

  swap() {
    this.former.push(this.version);
    this.latest += 1;
    this.version = this.latest;
    this.swapped = this.now;
    this.rehearsal = null;
    this.mark('swap', `swap to v${this.version}`);
  }

  back() {
    this.version = this.former.pop();
    this.mark('back', `back to v${this.version}`);
  }

  get target() {
    return this.load.workers * this.load.rate;
  }

  get stalled() {
    return this.isolation === 'task' && this.rogues.length ? this.now - this.rogues[0].since : 0;
  }

  tick() {
    this.now += 100;
    const noise = () => Math.random() + Math.random() + Math.random() - 1.5;
    const [count, target] = [this.rogues.length, this.target];
    const rate = this.stalled ? 0 : target * (1 + 0.006 * noise());
    const base = Math.min(1, (0.095 * target) / 10_000 + (target ? 0.006 * noise() : 0));
    const core = this.stalled ? 1 : count && this.isolation === 'fuel' ? 1 : Math.max(0, base);
    const failed = (rate / 10) * this.load.fail_share;
    this.counts.done += rate / 10 - failed;
    this.counts.failed += failed;
    this.restarts += failed;
    const p99 = this.stalled ? null : target ? (this.isolation === 'fuel' && count > 2 ? 1500 : 1100) + 50 * noise() : null;
    for (const [name, value] of [['rate', rate], ['core', core], ['p99_us', p99]]) {
      this.history[name].push(value === null ? null : Number(value.toPrecision(4)));
      if (this.history[name].length > 600) this.history[name].shift();
    }
    for (const one of [...this.rogues]) {
      if (one.endless || this.now - one.since < 60_000) continue;
      this.rogues = this.rogues.filter((rogue) => rogue !== one);
      this.counts.done += 1;
      this.ended(Object.assign(one.answer, { state: 'done', result: '499999999500000000', took_ms: this.now - one.since }));
    }
  }

  verdict() {
    const [first] = this.rogues;
    const pace = `The other jobs keep their pace: ${many(Math.round(this.history.rate.at(-1)))}/s.`;
    if (this.stalled) return { word: 'STALLED', tone: 'bad', text: `No other job has had a turn for ${(this.stalled / 1000).toFixed(1)} s. A task is never interrupted, so kill cannot help.` };
    if (this.isolation === 'thread' && first) return { word: 'LOST CORE', tone: 'bad', text: `The other jobs keep their pace, but #${first.id} has a core for good: kill has no effect.` };
    if (this.swapped && this.now - this.swapped < 5000) return { word: 'SWAPPED', tone: 'ok', text: `New jobs run version ${this.version}. No connection closed, no job lost.` };
    if (this.rogues.length > 1) return { word: `${this.rogues.length} ROGUES`, tone: 'warn', text: `They take turns on the core. ${pace}` };
    if (first) return { word: 'ONE ROGUE', tone: 'warn', text: `#${first.id} takes 91 % of the core. ${pace}` };
    if (!this.load.workers) return { word: 'IDLE', tone: 'calm', text: 'No worker runs. Move the load, or submit a number.' };
    return { word: 'STEADY', tone: 'ok', text: `${many(Math.round(this.history.rate.at(-1)))} jobs/s of ${many(this.target)}/s; they need ${(9.5e-4 * this.target).toFixed(1)} % of one core.` };
  }

  /** The body of GET /api/jobs; `since` is the number of points that are new. */
  snapshot(since = 600) {
    const { rogues, stalled, isolation, load } = this;
    const rest = (0.095 * this.target) / 10_000;
    const share = isolation === 'fuel' ? (1 - Math.min(rest, 0.9)) / Math.max(1, rogues.length) : 1;
    const late = stalled || !this.target ? null : { p50: rogues.length > 2 ? 0.82 : 0.6, p99: rogues.length > 2 ? 1.5 : 1.1 };
    const shown = Math.min(since, this.history.rate.length);
    const cores = [{ share: this.history.core.at(-1), lost: false, window_us: 2000, turns: turns(2000, isolation === 'thread' ? [] : rogues, this.target / 1000, isolation) }];
    if (isolation === 'thread') for (const { id } of rogues) cores.push({ share: 1, lost: true, window_us: 2000, turns: [[0, 2000, id]] });
    const counts = Object.fromEntries(Object.entries(this.counts).map(([name, count]) => [name, Math.floor(count)]));
    const running = rogues.length;
    return {
      at_ms: this.now,
      isolation,
      read_only: this.readOnly,
      slice: { reductions: this.slice, us: isolation === 'fuel' ? (SLICE_US * this.slice) / 50_000 : null },
      settings: { threads: this.threads, max_reductions: 0, max_memory: 1_048_576, keep_inputs: 1000 },
      load: { ...load, target: this.target },
      verdict: this.verdict(),
      now: {
        rate: this.history.rate.at(-1),
        cpu: this.history.core.at(-1),
        lateness_ms: late,
        yours_ms: stalled ? null : { p50: 0.05, p99: 0.09 },
        stalled_ms: stalled,
        late: Math.round((stalled / 1000) * this.target),
        restarts: Math.floor(this.restarts),
      },
      cores,
      top: rogues.slice(0, 20).map((one) => ({
        id: one.id,
        input: one.input,
        by: one.by,
        version: one.version,
        core: share,
        reductions_s: isolation === 'fuel' ? 8.72e8 * share : null,
        slices: isolation === 'fuel' ? Math.round(((this.now - one.since) * 1000 * share) / SLICE_US) : 1,
        longest_us: isolation === 'fuel' ? 61 + (one.id % 4) : (this.now - one.since) * 1000,
        age_ms: this.now - one.since,
        isolation,
        kill: one.kill,
      })),
      others: { count: load.workers, core: stalled ? 0 : rest, reductions_s: stalled ? 0 : 1400 * this.target, longest_us: 9, late: Math.round((stalled / 1000) * this.target) },
      code: { file: 'jobs/sum.wat', version: this.version, running: { [this.version]: load.workers }, history: [this.version, ...this.former.toReversed()], swap: null, problem: this.problem, built_in: false },
      rehearsal: this.rehearsal,
      names: this.names,
      ledger: { accepted: counts.done + counts.failed + counts.killed + running, ...counts, running },
      history: { step_ms: 100, from_ms: this.now - 100 * (shown - 1), rate: this.history.rate.slice(-shown), core: this.history.core.slice(-shown), p99_us: this.history.p99_us.slice(-shown) },
      marks: this.marks,
    };
  }

  /** The body of GET /api/jobs/ID. */
  inspect(id, asked) {
    const job = this.rogues.find((one) => one.id === id);
    if (!job) return null;
    const calls = [];
    let [n, sum] = [91_075_222n, 4_147_347_985_637_031n];
    for (let call = 0; call < asked; call += 1) {
      calls.push([this.name, String(n), job.input, String(sum)]);
      sum += n;
      n += 1n;
    }
    return { id, input: job.input, version: job.version, stack: [this.name, 'sum'], taken_at_slice: 225_456, trace: asked ? { calls, asked, took_ms: 2.1, ended: 'calls' } : null };
  }
}
