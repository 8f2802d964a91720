// A server that speaks like the rooms lab and has no process a room: for states that a real one is rarely in.
//   node browser/rooms-fake.mjs [STATE] [PORT]
//
// Responsible for: the routes. rooms-sim.mjs has the figures, fake.mjs what all fakes share.

import { Fake, byHand } from './fake.mjs';
import { GameRoom } from './rooms-game.mjs';
import { RoomsSim } from './rooms-sim.mjs';

const ROOT = '/api/rooms';
const STREAM = Symbol('a stream');
const PART = /^\/api\/rooms\/([a-z0-9-]+)(?:\/(\w+))?$/;
const DEAD = [
  { ago_ms: 51_000, room: 'heron', command: 'Vote { player: "cy", target: "dot" }', panic: 'index out of bounds: the len is 5 but the index is 9', attempts: 3 },
  { ago_ms: 72_000, room: 'mill', command: 'Say { player: "hal", text: "\\0" }', panic: 'no text', attempts: 3 },
];

export class FakeRooms extends Fake {
  /** Whether the next move is answered with 503, although it is made. */
  isUnsure = false;
  /** Moves that were made, by client and number. @type {Map<string, object>} */
  made = new Map();

  static async start(state = 'board', port = 0) {
    const fake = new FakeRooms('rooms', 250);
    fake.sim = new RoomsSim(state);
    return fake.listen(port);
  }

  takes({ pathname, searchParams }) {
    const name = searchParams.get('room');
    return pathname === `${ROOT}/socket` && (!name || this.sim.rooms.has(name));
  }

  record(asked, points) {
    return { rooms: this.sim.snapshot(asked.get('room') ?? '', asked.get('seat') ?? '', points) };
  }

  answer(method, url, send, text, response) {
    const { sim } = this;
    const { pathname, searchParams: query } = url;
    const body = text.startsWith('{') ? JSON.parse(text) : {};
    const all = {
      [`GET ${ROOT}`]: () => [200, sim.snapshot()],
      [`GET ${ROOT}/dead`]: () => [200, { dead: sim.state === 'dead' ? DEAD : [] }],
      [`POST ${ROOT}`]: () => this.#create(body.name),
      [`POST ${ROOT}/many`]: () => {
        for (let index = 0; index < body.count; index += 1) this.#create(`${body.prefix}-${index}`);
        return [200, { created: body.count, existed: 0 }];
      },
      [`DELETE ${ROOT}`]: () => {
        for (const name of sim.rooms.keys()) if (name.startsWith(query.get('prefix'))) sim.rooms.delete(name);
        return [204, ''];
      },
      [`POST ${ROOT}/play`]: () => this.#rate(Number(query.get('rate') ?? 1)),
      [`POST ${ROOT}/pause`]: () => this.#rate(0),
      [`POST ${ROOT}/kill`]: () => {
        if (body.what === 'random') return [200, sim.random(body.prefix ?? '')];
        sim.registry.restarts += 1;
        sim.mark('registry killed');
        return [200, {}];
      },
      [`POST ${ROOT}/reset`]: () => {
        sim.kills = 0;
        sim.marks = [];
        return [200, 'OK'];
      },
      'POST /api/config': () => {
        const refused = sim.configure(query.get('toml') ?? '');
        return refused ? [400, refused] : [200, { changes: [] }];
      },
    };
    const answered = all[`${method} ${pathname}`]?.() ?? this.#room(method, url, body, response);
    if (answered === STREAM) return true;
    if (!answered) return false;
    send(...answered);
    if (method !== 'GET') this.broadcast();
    return true;
  }

  #create(name) {
    if (!/^[a-z0-9-]{1,40}$/.test(name)) return refusal(400, 'bad_name', `“${name}” is no name of a room: 1 to 40 of a–z, 0–9 and -`);
    if (this.sim.rooms.has(name)) return refusal(409, 'taken', `room ${name} exists`);
    this.sim.rooms.set(name, new GameRoom(name));
    return [201, { name, generation: 1 }];
  }

  #rate(rate) {
    for (const room of this.sim.rooms.values()) room.rate = rate;
    return [200, {}];
  }

  #room(method, { pathname, searchParams: query }, body, response) {
    const [, name, verb = ''] = PART.exec(pathname) ?? [];
    if (!name) return null;
    const { sim } = this;
    const room = sim.rooms.get(name);
    if (!room) return refusal(404, 'no_such_room', `Game does not exist: ${name}`);
    const acts = {
      'GET ': () => [200, sim.snapshot(name, query.get('seat') ?? '')],
      'DELETE ': () => {
        sim.before += room.n;
        sim.lostBefore += room.lost;
        sim.rooms.delete(name);
        return [204, ''];
      },
      'POST move': () => this.#move(room, body),
      'POST kill': () => {
        const report = sim.strike(name, body.what);
        this.#tell(room, report);
        return [200, { name, what: body.what, ...report }];
      },
      'GET watch': () => {
        this.stream(response, { name, who: query.get('who') });
        response.write(`event: status\ndata: ${JSON.stringify({ life: room.life, n: room.n, status: room.status() })}\n\n`);
        return STREAM;
      },
      'POST play': () => {
        room.rate = Number(query.get('rate') ?? 1);
        for (const player of ['gus', 'hal', 'ivy', 'jon']) if (room.players.length < 5) room.move({ move: 'join', player });
        if (room.rate > 100) for (let more = 0; more < 80; more += 1) room.add('…');
        return [200, {}];
      },
      'POST pause': () => {
        room.rate = 0;
        return [200, {}];
      },
      'GET history': () => [200, { entries: room.past.slice(-Number(query.get('most') ?? 200)).map(({ life, n, text }) => ({ kind: 'update', life, n, text })) }],
    };
    return acts[`${method} ${verb}`]?.() ?? null;
  }

  /** Tells the watchers of a room what a kill did. */
  #tell(room, { life, n, lost, from, to }) {
    const kind = lost > 0 ? 'gap' : 'resumed';
    const data = { life, n, ...(lost > 0 && { of: life - 1, from, to }), status: room.status() };
    if (room.kill.what === 'room' || room.kill.what === 'both')
      for (const one of this.streams) if (one.asked.name === room.name) one.write(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  #move(room, body) {
    const id = `${body.client} ${body.number}`;
    const known = this.made.get(id);
    if (known) return [200, { ...known, repeated: true }];
    const refused = room.move(body);
    if (refused) return refusal(409, 'refused', refused);
    this.made.set(id, { life: room.life, n: room.n });
    if (this.isUnsure) {
      this.isUnsure = false;
      return refusal(503, 'unknown', 'the outcome of the move is unknown; send it again under the same number');
    }
    return [200, { life: room.life, n: room.n, repeated: false }];
  }
}

function refusal(status, error, message) {
  return [status, { error, message }];
}

if (process.argv[1] === new URL(import.meta.url).pathname) await byHand(FakeRooms, 4332);
