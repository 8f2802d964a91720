// A simulation of the rooms lab: what GET /api/rooms says of a house in each state, without one.
//
// Responsible for: the JSON, with figures of the same size as a real server's. rooms-fake.mjs serves it,
// rooms-game.mjs has the rooms.

import { GameRoom } from './rooms-game.mjs';

/** States, and the address with which the page shows each. @type {Record<string, string>} */
export const STATES = {
  idle: '',
  village: '',
  nodes: '',
  thousand: '',
  lobby: '?room=juniper',
  board: '?room=moon',
  day: '?room=moon',
  over: '?room=moon',
  twelve: '?room=moon',
  resumed: '?room=moon',
  gap: '?room=moon',
  fresh: '?room=moon',
  'backup-killed': '?room=moon',
  dead: '',
  'read-only': '?room=moon',
  hostile: '?room=moon',
};

const NAMES = ['moon', 'star', 'comet', 'harbour', 'mill', 'orchard', 'lantern', 'quarry', 'heron', 'juniper', 'saddle', 'tinder'];
const SEATS = ['ada', 'ben', 'cy', 'dot', 'eli', 'fay', 'gus', 'hal', 'ivy', 'jon', 'kim', 'lou'];
const HOSTILE = '<img src=x onerror=alert(1)>';
const STEP = 250;
const POINTS = 240;

function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export class RoomsSim {
  now = 60_000;
  every = 10;
  moves = 0;
  kills = 0;
  marks = [];
  seed = random(9);
  registry = { restarts: 0 };
  /** @type {Map<string, GameRoom>} */
  rooms = new Map();
  /** Acknowledged and lost in rooms that are gone, and before the page came. */
  before = 0;
  lostBefore = 0;
  killsEach = 0;

  constructor(state = 'board') {
    this.state = state;
    this.readOnly = state === 'read-only';
    this.backup = state === 'gap' ? 'after' : state === 'fresh' ? 'none' : 'before';
    if (state === 'thousand') {
      for (let index = 0; index < 1000; index += 1) this.#begun(`r-${index}`, 5);
      this.killsEach = 1;
      this.kills = 611;
      this.before = 1_206_000;
    } else if (state !== 'idle') {
      NAMES.forEach((name) => this.#begun(name, name === 'moon' ? 0 : 0.3));
      this.#moon(state);
    }
    this.history = { moves_s: [], ack_p99_us: [], kills: [] };
    for (let point = 0; point < POINTS; point += 1) this.#point(point % 4 === 0 ? this.killsEach : 0);
    if (this.killsEach) for (let ago = 58_000; ago > 0; ago -= 1000) this.marks.push({ at_ms: this.now - ago, says: `room r-${ago / 1000} killed` });
    if (this.killsEach) for (let tick = 0; tick < 6; tick += 1) this.tick();
  }

  #begun(name, rate) {
    const room = new GameRoom(name);
    this.rooms.set(name, room);
    room.rate = rate;
    const many = name === 'moon' ? (this.state === 'twelve' ? 12 : 6) : 4 + Math.floor(this.seed() * 5);
    for (const player of SEATS.slice(0, many)) room.move({ move: 'join', player });
    if (name === 'juniper') {
      room.players = room.players.slice(0, this.state === 'lobby' ? 2 : 7);
      return room;
    }
    room.move({ move: 'start', player: 'ada' });
    room.n = 20 + Math.floor(this.seed() * 380);
    for (let out = 0; out < Math.floor(this.seed() * 3); out += 1) room.players[2 + Math.floor(this.seed() * (many - 2))].alive = false;
    if (this.seed() < 0.5) room.phase = 'day';
    room.day = 1 + Math.floor(this.seed() * 3);
    return room;
  }

  /** The room that the page opens. */
  #moon(state) {
    const moon = this.rooms.get('moon');
    for (const player of moon.players) Object.assign(player, { alive: player.name !== 'eli', role: player.name === 'ada' ? 'werewolf' : 'villager' });
    Object.assign(moon, { past: [], day: 2, phase: 'night', n: 396 });
    if (state === 'twelve') moon.players[1].role = moon.players[2].role = 'werewolf';
    for (let vote = 0; vote < 12; vote += 1) moon.add(`${SEATS[vote % 4]} votes against eli`);
    moon.add('eli was voted out');
    moon.add('night falls');
    moon.add('ben: who was it?');
    if (state === 'hostile') moon.add(HOSTILE);
    else moon.add('a werewolf chose', 'ada chose dot');
    moon.players[0].chose = 'dot';
    this.before = 3204 - this.#acknowledged();
    if (state === 'day' || state === 'read-only') Object.assign(moon, { phase: 'day', day: 3 }), (moon.players[1].voted = 'ada');
    if (state === 'over') Object.assign(moon, { phase: 'over', winner: 'village' });
    if (state === 'resumed') this.#struck(moon, 'room', 412, ['ben: who was it?', 'a werewolf chose']);
    if (state === 'gap') this.#struck(moon, 'room', 408, ['night falls', 'ben: again?']);
    if (state === 'fresh') this.#struck(moon, 'room', null, ['ada joined', 'ben joined']);
    if (state === 'backup-killed') this.#struck(moon, 'backup', 412, []);
  }

  #struck(room, what, backed, after) {
    room.strike(what, this.now - 3000, backed);
    this.kills += 1;
    for (const text of after) room.add(text);
    if (backed === null) for (const name of ['ada', 'ben']) room.players.push({ name, alive: true, role: 'villager', voted: null, chose: null });
    this.marks.push({ at_ms: this.now - 3000, says: `room ${room.name} killed` });
  }

  #acknowledged() {
    return [...this.rooms.values()].reduce((sum, room) => sum + room.n, 0);
  }

  #lost() {
    return this.lostBefore + [...this.rooms.values()].reduce((sum, room) => sum + room.lost, 0);
  }

  #point(killed) {
    const { history, rooms } = this;
    const rate = [...rooms.values()].reduce((sum, room) => sum + room.rate, 0);
    history.moves_s.push(Math.round(rate * (1 + 0.02 * (this.seed() - 0.5))));
    history.ack_p99_us.push(rate > 0 ? (this.backup === 'before' ? 11 : 6) + this.seed() : 0);
    history.kills.push(killed);
    for (const column of Object.values(history)) if (column.length > POINTS) column.shift();
  }

  mark(says) {
    this.marks = [...this.marks.slice(-80), { at_ms: this.now, says }];
  }

  /** A quarter of a second passes. */
  tick() {
    this.now += STEP;
    let killed = 0;
    for (const room of this.rooms.values()) {
      if (this.seed() > room.rate / 4 || (room.phase === 'lobby' && room.rate < 100)) continue;
      for (let more = 0; more < Math.floor(room.rate / 4); more += 1) room.add('…');
      room.add('…');
      room.past = room.past.slice(-40);
      if (this.seed() < 0.02) room.phase = room.phase === 'night' ? 'day' : 'night';
    }
    if (this.killsEach && this.now % 1000 === 0) killed = this.random('') ? 1 : 0;
    this.#point(killed);
  }

  /** Kills a random room. */
  random(prefix) {
    const names = [...this.rooms.keys()].filter((name) => name.startsWith(prefix));
    const name = names[Math.floor(this.seed() * names.length)];
    return name === undefined ? null : { name, ...this.strike(name, 'room') };
  }

  strike(name, what) {
    const room = this.rooms.get(name);
    this.kills += 1;
    this.mark(`room ${name} killed`);
    const behind = this.backup === 'after' ? Math.min(4, room.n) : 0;
    return room.strike(what, this.now, this.backup === 'none' ? null : room.n - behind);
  }

  #tree(open) {
    const others = this.rooms.size - (open ? 1 : 0);
    const nodes = [
      { name: 'rooms', kind: 'supervisor', of: null },
      { name: 'registry', kind: 'process', of: 'rooms', says: `${this.rooms.size} names`, restarts: this.registry.restarts },
    ];
    if (open) {
      const { life, n, restarts } = open;
      nodes.push({ name: open.name, kind: 'supervisor', of: 'rooms' });
      for (const name of ['room', 'backup', 'history']) {
        const at = name === 'backup' && this.backup === 'none' ? { says: 'none' } : { life, n };
        nodes.push({ name, kind: 'process', of: open.name, ...at, restarts: restarts[name] });
      }
    }
    if (others > 0) nodes.push({ name: 'others', kind: 'supervisor', of: 'rooms', says: open ? `${others} others` : `${others} rooms` });
    return nodes;
  }

  #verdict() {
    const { kills } = this;
    const lost = this.#lost();
    if (this.rooms.size === 0) return { word: 'idle', tone: 'calm', says: 'No rooms yet. Create one, or have seeded players play in a thousand.' };
    if (lost > 0) return { word: `${lost} lost`, tone: 'bad', says: `${kills} rooms killed. ${lost} acknowledged moves are in no state any more.` };
    if (this.killsEach) return { word: 'held', tone: 'good', says: `${kills} rooms killed. No acknowledged move is lost, and no other room slows down.` };
    const players = [...this.rooms.values()].reduce((sum, room) => sum + room.players.length, 0);
    return { word: `${this.rooms.size} rooms`, tone: 'good', says: `${players} players. A room is a process that keeps a game; its backup has each move first.` };
  }

  /** The body of GET /api/rooms; `since` is the number of points that are new. */
  snapshot(name = '', seat = '', since = POINTS) {
    const room = this.rooms.get(name);
    const lines = [...this.rooms.values()].map((one) => one.line(this.now));
    const state = this.#acknowledged() + this.before;
    const lost = this.#lost();
    const columns = Object.fromEntries(Object.entries(this.history).map(([key, column]) => [key, column.slice(-since)]));
    const column = (of) => lines.map(of);
    const times = { before: [5.4, 11], after: [2.9, 6.1], none: [2.8, 5.8] }[this.backup];
    return {
      at_ms: this.now,
      read_only: this.readOnly,
      backup: this.backup,
      backup_every_ms: this.every,
      registry: 'local',
      idle_stop_s: 600,
      snapshot_every: 100,
      now: { rooms: lines.length, up: lines.length, idle: 0, restarting: 0, playing: [...this.rooms.values()].filter(({ rate }) => rate > 0).length, moves_s: this.history.moves_s.at(-1) ?? 0, ack_us: lines.length > 0 ? { p50: times[0], p99: times[1] } : null, kills: this.kills, watchers: lines.length === 1000 ? 5412 : 9, dead: this.state === 'dead' ? 2 : 0 },
      ...(lines.length > 200
        ? { columns: { name: column((one) => one.name), phase: column((one) => one.phase[0]), n: column((one) => one.n), life: column((one) => one.life), state: column((one) => one.state), killed_ms: column((one) => one.killed_ms), lost: column((one) => one.lost) }, rooms: [] }
        : { rooms: lines }),
      elsewhere: this.#elsewhere(),
      ...(room && { open: room.open(seat, this.now, this.backup) }),
      tree: this.#tree(room ?? null),
      ledger: { acknowledged: state + lost, unanswered: 0, in_state: state, lost, unaccounted: 0 },
      history: { step_ms: STEP, from_ms: this.now - STEP * (columns.moves_s.length - 1), ...columns },
      marks: this.marks,
      verdict: this.#verdict(),
    };
  }

  #elsewhere() {
    const far = (name, node, url) => ({ name, node, url, generation: 2 });
    if (this.state === 'hostile') return { count: 1, first: [far('brook', HOSTILE, 'javascript:alert(1)')] };
    if (this.state !== 'nodes') return { count: 0, first: [] };
    const first = Array.from({ length: 200 }, (_, index) => far(`brook-${index + 100}`, index % 3 === 0 ? 'left' : 'right', 'http://right.example:4000'));
    return { count: 1234, first };
  }

  /** Takes lines of TOML as POST /api/config does. Returns why it does not. */
  configure(toml) {
    for (const line of toml.split('\n')) {
      const [, key, value] = /^rooms\.(\w+) = "?([\w.]+)"?$/.exec(line) ?? [];
      if (key === 'backup') {
        this.backup = value;
        for (const room of this.rooms.values()) room.life += 1;
      } else if (key === 'backup_every') this.every = Number.parseFloat(value);
      else return `unknown key in ${line}`;
      this.mark(line.replace('rooms.', ''));
    }
    return null;
  }
}
