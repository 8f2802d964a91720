// A simulation of the matches lab: what GET /api/matches/ID says of a server in each state, without one.
//
// Responsible for: the JSON, with figures of the same size as a real server's. matches-fake.mjs serves it.

export const STATES = [
  'idle',
  'not-begun',
  'playing',
  'event',
  'delivered',
  'behind',
  'twenty-behind',
  'stalled',
  'tasks',
  'unmeasured',
  'ladder',
  'over',
  'read-only',
  'no-machine',
  'refused',
  'many',
  'few',
  'shards',
  'shard-stalled',
  'hostile',
];

const STEP = 250;
const POINTS = 240;
const FIRST = 439; // the events before have left the feed
const SEND_US = 6.3;
const HOSTILE = '<img src=x onerror=alert(1)>';
const FEED = [
  ['begin', 1, 'first half begins'],
  ['card', 12, 'yellow card, Hale (Sluice)'],
  ['goal', 23, 'Marques, 1 : 0'],
  ['substitution', 31, 'Norrby for Holm (Weir)'],
  ['goal', 40, 'Greaves, 1 : 1'],
  ['end', 45, 'first half ends'],
  ['begin', 46, 'second half begins'],
  ['card', 58, 'yellow card, Garrick (Weir)'],
  ['shot', 61, 'Jarvis misses'],
  ['goal', 67, 'Marques, 2 : 1'],
];
const LADDER = [
  ['as it comes', 'library defaults', { backlog: 128, acceptors: 1, writer: 'task', encode: 'each', snapshot: 'match', supervisors: 1, log: 'every' }, 'ART 26 s', [2600, 900, 310, 640, 137.8], 'unmeasured', ''],
  ['a longer backlog', 'backlog = 4096', { backlog: 4096 }, 'N × 4, ART worse', [9400, 2100, 420, 330, 137.6], 'better', 'N × 3.6, ART × 1.4'],
  ['more acceptors', 'acceptors = 4', { acceptors: 4 }, 'N × 2, C × 20, ART ÷ 2', [9400, 2150, 418, 328, 137.6], 'none', 'no effect: C + 2 %'],
  ['encode once', 'encode = "once"', { encode: 'once' }, 'not measured', [11000, 2600, 240, 141, 137.5], 'better', 'ART ÷ 1.7'],
  ['shards write', 'writer = "shards"', { writer: 'shards' }, 'C × 2, ART ÷ 8', [19200, 9800, 61, 70, 1.54], 'better', 'C × 3.8, ART ÷ 3.9'],
  ['a shared snapshot', 'snapshot = "shared"', { snapshot: 'shared' }, 'N × 5, C × 5, ART ÷ 100', [19200, 30100, 1.2, 69.9, 1.54], 'better', 'C × 3.1, ART ÷ 51'],
  ['more supervisors', 'supervisors = 8', { supervisors: 8 }, 'N > 10,000, C > 3,000/s', [19200, 30000, 1.2, 70.2, 1.54], 'none', 'no effect: C − 0.3 %'],
  ['less logging', 'log = "sampled"', { log: 'sampled' }, 'ART ÷ 2', [19200, 31200, 0.9, 69.8, 1.54], 'better', 'ART ÷ 1.3'],
  ['four processes', 'needs several processes', {}, '100,000 watchers', null, 'unmeasured', ''],
];

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

const N = { idle: 0, 'not-begun': 0, over: 0, few: 3, many: 19_000 };

export class MatchesSim {
  now = 60_000;
  rate = 2;
  seed = random(7);
  ran = { goals: 0 };
  crashes = 0;

  constructor(state = 'delivered') {
    this.state = state;
    this.watchers = N[state] ?? 10_000;
    this.readOnly = state === 'read-only';
    this.playing = ['playing', 'tasks', 'shards', 'few', 'many'].includes(state);
    this.behind = state.endsWith('stalled') ? 'wait' : 'drop_oldest';
    this.on = LADDER.map((_, rung) => (state === 'tasks' ? rung <= 3 : rung <= 5 || rung === 7));
    this.period = state === 'idle' || state === 'not-begun' ? 'not begun' : state === 'over' ? 'over' : 'second half';
    const begun = this.period !== 'not begun';
    this.feed = begun ? FEED.map(([kind, minute, text], index) => ({ seq: FIRST + index, kind, minute, text, last_ms: this.#last() })).toReversed() : [];
    if (state === 'over') this.feed.unshift({ seq: FIRST + FEED.length, kind: 'stop', minute: 93, text: 'the match is over', last_ms: 68.2 });
    this.score = begun ? [2, 1] : [0, 0];
    this.minute = begun ? (state === 'over' ? 93 : 67) : 0;
    this.next = begun ? this.feed[0].seq + 1 : 0;
    this.at = begun ? this.now - (state === 'event' ? 30 : 4000) : 0;
    if (state === 'event') this.feed[0].last_ms = null;
    this.marks = begun ? [{ at_ms: 34_000, kind: 'change', word: 'snapshot = "shared"' }, { at_ms: 45_800, kind: 'crash', word: 'shard-0 crashed' }] : [];
    this.history = { watchers: [], connects_s: [], art_p99_ms: [], last_ms: [] };
    for (let point = 0; point < POINTS; point += 1) this.#point(point / POINTS);
  }

  get perSend() {
    return this.on[4] ? 6.96 : 14.1;
  }

  get total() {
    const shards = this.state.startsWith('shard') ? 4 : 1;
    return (this.perSend * this.watchers) / 1000 / (shards > 1 ? 1.8 : 1);
  }

  #last() {
    return Number((this.total * (0.96 + 0.08 * this.seed())).toFixed(2));
  }

  #point(part) {
    const { history, watchers } = this;
    const isThere = watchers > 0;
    const grown = Math.min(1, Math.max(0, (part - 0.2) / 0.15));
    history.watchers.push(Math.round(watchers * grown));
    history.connects_s.push(grown > 0 && grown < 1 ? 30_100 : 0);
    history.art_p99_ms.push(isThere && grown > 0 ? 3.9 + 0.4 * this.seed() : 0);
    history.last_ms.push(isThere && grown > 0.3 ? this.#last() : 0);
    for (const column of Object.values(history)) if (column.length > POINTS) column.shift();
  }

  mark(kind, word) {
    this.marks.push({ at_ms: this.now, kind, word });
  }

  publish(kind, text) {
    this.feed.unshift({ seq: this.next, kind, minute: Math.max(1, this.minute), text, last_ms: null });
    this.next += 1;
    this.at = this.now;
  }

  goal(side) {
    this.score[side === 'home' ? 0 : 1] += 1;
    this.publish('goal', `Marques, ${this.score.join(' : ')}`);
  }

  /** A quarter of a second passes. */
  tick() {
    this.now += STEP;
    this.#point(1);
    const newest = this.feed[0];
    if (newest?.last_ms === null && this.now - this.at >= 250 && !this.#isStuck()) newest.last_ms = this.watchers > 0 ? this.#last() : null;
    if (this.playing && (this.now / STEP) % Math.max(1, Math.round(4 / this.rate)) === 0) {
      if (this.period === 'not begun') this.period = 'first half';
      this.minute = Math.min(90, this.minute + 1);
      this.publish('shot', `Lund misses, ${this.minute}′`);
    }
  }

  #isStuck() {
    return this.behind === 'wait' && this.state.endsWith('stalled');
  }

  #shards() {
    const { watchers, state } = this;
    const shard = (name, transport, count, behind = 0) => ({ name, transport, watchers: count, behind });
    if (state === 'shard-stalled') return [shard('shard-0', 'ws', 5000), shard('shard-1', 'ws', 5000, 1)];
    if (state === 'shards')
      return [shard('shard-0', 'ws', 3500), shard('shard-1', 'ws', 3500), shard('shard-0', 'sse', 1500), shard('shard-1', 'sse', 1500)];
    const behind = this.#behind().length;
    return [shard('shard-0', 'ws', watchers, behind)];
  }

  #behind() {
    const one = (place, since) => ({ user: this.state === 'hostile' ? HOSTILE : `w${place}`, place, events: 64, dropped: 12, gap: [this.next - 12, this.next - 1], for_ms: since });
    const stands = (place) => [{ ...one(place, this.now - this.at), events: 1, dropped: 0, gap: null }];
    if (this.state === 'stalled') return stands(4711);
    if (this.state === 'shard-stalled') return stands(7289);
    if (this.state === 'behind' || this.state === 'hostile') return [one(4711, 32_000)];
    if (this.state === 'twenty-behind') return Array.from({ length: 20 }, (_, index) => one((index * 487 + 211) % 10_000, 40_000 - 700 * index));
    return [];
  }

  #event() {
    if (this.watchers === 0 || this.feed.length === 0) return null;
    const { seq, kind } = this.feed[0];
    const behind = this.#behind();
    const sent = this.watchers;
    const stuck = this.#isStuck();
    const elapsed = stuck ? 8000 + this.now - this.at : this.now - this.at;
    const full = stuck ? (this.state === 'stalled' ? 4711 : 7289) : sent - behind.length;
    const reached = Math.min(full, Math.floor((sent * elapsed) / this.total));
    const points = Math.min(200, reached);
    const wobble = random(seq);
    const bend = 0.97 + 0.06 * wobble();
    const curve = Array.from({ length: points }, (_, index) => {
      const rank = points > 1 ? 1 + (index * (reached - 1)) / (points - 1) : 1;
      return Number(((this.total * bend * rank ** 1.003) / sent ** 1.003 + 0.02).toFixed(3));
    });
    const last = this.feed[0].last_ms;
    return { seq, kind, sent, reached, elapsed_ms: elapsed, last_ms: last, order: this.on[4] ? 'shards' : 'tasks', curve, shards: this.#shards(), behind, stalled_ms: stuck ? elapsed : 0 };
  }

  #verdict(event) {
    const many = this.watchers.toLocaleString('en');
    if (this.state === 'refused') return { word: 'FULL', tone: 'bad', text: '312 connections were refused: the process may open 20,000 files.' };
    if (this.watchers === 0) return { word: this.period === 'over' ? 'OVER' : 'IDLE', tone: 'calm', text: this.period === 'over' ? 'The match is over. Play begins a new one.' : 'No watchers yet. Start a match, then connect 10,000.' };
    if (!event) return { word: 'WAITING', tone: 'calm', text: `${many} watchers wait for an event.` };
    if (event.stalled_ms > 0) return { word: 'STALLED', tone: 'bad', text: `One watcher reads nothing, and behind = "wait": ${(event.sent - event.reached).toLocaleString('en')} watchers have waited ${(event.stalled_ms / 1000).toFixed(1)} s for the event.` };
    if (event.behind.length > 1) return { word: 'SOME ARE BEHIND', tone: 'warn', text: '20 watchers read nothing and lose their oldest events. The others have the event in 70 ms.' };
    if (event.behind.length === 1) return { word: 'ONE IS BEHIND', tone: 'warn', text: `Watcher ${event.behind[0].user} reads nothing and loses its oldest events. The others have the event in 70 ms.` };
    if (event.last_ms === null) return { word: 'GOING OUT', tone: 'ok', text: `One event, ${many} watchers: each gets it ${Math.round(this.perSend)} µs after the one before.` };
    return { word: 'DELIVERED', tone: 'ok', text: `All ${many} watchers have it ${event.last_ms} ms after the event, ${(event.last_ms / ((SEND_US * this.watchers) / 1000)).toFixed(2)} × what the machine needs.` };
  }

  #ladder() {
    const measured = !['unmeasured', 'idle', 'not-begun'].includes(this.state);
    const rungs = LADDER.map(([name, key, settings, original, figures, effect, words], rung) => {
      const [n, c, art, last, kb] = measured && figures ? figures : [null, null, null, null, null];
      const known = n !== null;
      return { rung, name, key, settings, on: rung === 0 || (this.on[rung] && rung < 8), original, n, c, art_ms: art, last_ms: last, kb, run: known ? `r-01${40 + rung}` : null, effect: known ? effect : 'unmeasured', words: known ? words : '' };
    });
    const off = this.on.indexOf(false);
    return { at: Math.min(off < 0 ? 7 : off - 1, 7), rungs };
  }

  /** The body of GET /api/matches/ID; `since` is the number of points that are new. */
  snapshot(since = POINTS) {
    const event = this.#event();
    const tasks = !this.on[4];
    const hasEvents = this.watchers > 0;
    const delivered = 512 * this.watchers;
    const counts = event ? { behind: event.behind.reduce((sum, one) => sum + one.events, 0) + (event.stalled_ms > 0 ? event.sent - event.reached - 1 : 0), dropped: event.behind.reduce((sum, one) => sum + one.dropped, 0) } : { behind: 0, dropped: 0 };
    const columns = Object.fromEntries(Object.entries(this.history).map(([name, column]) => [name, column.slice(-since)]));
    return {
      at_ms: this.now,
      read_only: this.readOnly,
      match: {
        id: 'weir-sluice',
        home: this.state === 'hostile' ? HOSTILE : 'Weir',
        away: 'Sluice',
        score: this.score,
        minute: this.minute,
        period: this.period,
        stadium: 'Lock Road',
        visits: this.watchers + 214,
        users: this.watchers,
        playing: this.playing,
        rate: this.rate,
        next: this.next,
      },
      verdict: this.#verdict(event),
      now: {
        watchers: this.watchers,
        ws: this.state === 'shards' ? 7000 : this.watchers,
        sse: this.state === 'shards' ? 3000 : 0,
        connects_s: hasEvents ? (tasks ? 2600 : 30_100) : 0,
        art_ms: hasEvents ? (tasks ? { p50: 240, p99: 610 } : { p50: 1.2, p99: 3.9 }) : null,
        rss_per_watcher: hasEvents ? (tasks ? 137_767 : 1542) : null,
        last_ms: event ? (event.last_ms ?? this.feed[1]?.last_ms ?? null) : null,
      },
      machine: this.state === 'no-machine' ? null : { watchers: 19_200, watchers_why: 'descriptors', connects_s: 47_000, art_ms: 0.3, send_us: SEND_US, measured_ms: 300 },
      event,
      past: this.feed.map(({ last_ms: last }) => last).filter((last) => last !== null).slice(event?.last_ms === null ? 0 : 1, 9),
      feed: this.feed.slice(0, 50).map((item) => (this.state === 'hostile' ? { ...item, text: HOSTILE } : item)),
      settings: { acceptors: this.on[2] ? 4 : 1, backlog: this.on[1] ? 4096 : 128, writer: tasks ? 'task' : 'shards', shards: 0, encode: this.on[3] ? 'once' : 'each', snapshot: this.on[5] ? 'shared' : 'match', behind: this.behind, behind_limit: 64, send_buffer: '16KiB', silence: '60s', supervisors: this.on[6] ? 8 : 1, log: this.on[7] ? 'sampled' : 'every' },
      ladder: this.#ladder(),
      connections: this.state === 'refused' ? { open: 20_000, limit: 20_000, refused: 312, why: 'server.max_connections' } : { open: this.watchers + 3, limit: 20_000, refused: 0, why: null },
      writer: tasks ? 'task' : 'shards',
      behind: this.behind,
      ledger: { sent: delivered + counts.behind + counts.dropped, delivered, ...counts, closed: 0, unaccounted: 0 },
      history: { step_ms: STEP, from_ms: this.now - STEP * (columns.watchers.length - 1), ...columns },
      marks: this.marks,
    };
  }

  /** Takes lines of TOML as POST /api/config does. */
  configure(toml) {
    for (const line of toml.split('\n')) {
      const [, key, value] = /^matches\.(\w+) = "?(\w+)"?$/.exec(line) ?? [];
      if (key === 'behind') this.behind = value;
      LADDER.forEach(([, , settings], rung) => {
        if (rung > 0 && key in settings) this.on[rung] = String(settings[key]) === value;
      });
      this.mark('change', line.replace('matches.', ''));
    }
  }
}
