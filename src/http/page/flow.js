// The flow picture: HTTP, queue, consumers, resource, and the pipes between them.
//
// Responsible for: levels and cells in the nodes, the pipes, and the particles that travel in them.
// Every particle stands for events that really moved: it is born from a difference between two
// snapshots, never from a timer. Where more events move than can be drawn, particles grow instead of
// multiplying. The text in the nodes is left to panels.js, the layout of the nodes to style.css; the
// pipes are drawn between wherever the nodes happen to be, side by side or stacked.

import { format, MODES, write } from './panels.js';

const CELLS = 60; // more slots than this share cells
const BIRTHS_PER_S = 18; // particles a pipe and mode may give birth to; beyond it they grow
const CROWD = 400; // particles at any time, whatever happens
const FRAME_MS = 30; // the page may run beside the bench it watches, and must not disturb it
const PIXELS_PER_S = 260; // how fast particles travel, within these bounds of time:
const TRAVEL_MS = { least: 380, most: 1100 };
const GATE = { away: 9, thick: 6, over: 8 }; // pixels: from the queue, across the pipe, beyond its sides
const SILENCE_S = 1.5; // after a longer gap between snapshots, differences are history, not motion

export class Flow {
  #particles = [];
  #paths = {};
  #rates = {};
  #before = null;
  #closed = false; // whether the queue's outlet is
  #cells = [];
  #frame = null;
  #painted = 0;
  #still = matchMedia('(prefers-reduced-motion: reduce)');

  constructor(section, palette) {
    this.palette = palette;
    this.stage = section.querySelector('.stage');
    this.canvas = this.stage.querySelector('canvas');
    this.context = this.canvas.getContext('2d');
    this.node = (name) => this.stage.querySelector(`[data-node="${name}"]`);
    this.parts = {
      queue: this.node('queue'),
      water: this.stage.querySelector('.tank .water'),
      peak: this.stage.querySelector('.tank .peak'),
      cells: this.stage.querySelector('.cells'),
      gauge: this.stage.querySelector('.gauge'),
      gate: this.stage.querySelector('.gate'),
      async: this.stage.querySelector('.lane.async'),
    };
    new ResizeObserver(() => this.#layOut()).observe(this.stage);
    document.addEventListener('visibilitychange', () => document.hidden && this.#particles.splice(0));
  }

  /** Takes a snapshot and the newest row of rates (what charts draw). */
  update(snapshot, row) {
    this.#fillQueue(snapshot);
    this.#fillCells(snapshot.consumers ?? {});
    this.#fillGauge(snapshot);
    const most = snapshot.config?.effective?.async?.max_in_flight;
    write(
      this.parts.async,
      most > 0
        ? `answered at once, at most ${format.count(most)} in flight`
        : 'answered at once, nothing holds it back',
    );
    const turned = this.#closed !== Boolean(snapshot.paused);
    this.#closed = Boolean(snapshot.paused);
    this.parts.gate.hidden = !this.#closed;
    const changed = this.#setRates(row) || turned;
    if (!this.#still.matches) this.#move(snapshot);
    this.#before = snapshot;
    if (changed || this.#particles.length) this.draw();
  }

  draw() {
    this.#frame ??= requestAnimationFrame((now) => this.#paint(now));
  }

  // ---- levels ----

  #fillQueue({ queue = {} }) {
    const { depth = 0, peak_depth: peak = 0, capacity = 0 } = queue;
    const level = (value) => (capacity > 0 ? Math.sqrt(Math.min(1, value / capacity)) : 0);
    this.parts.water.style.transform = `scaleY(${level(depth).toFixed(3)})`;
    this.parts.peak.style.transform = `translateY(${(-100 * level(peak)).toFixed(1)}%)`;
    this.parts.peak.hidden = peak === 0;
    // A full queue that is being drained is one short at most instants we look: what it turned away
    // since the last look says that it is full all the same.
    const turnedAway = ({ refused = 0, dropped = 0 } = {}) => refused + dropped;
    const refusing = this.#before && turnedAway(queue) > turnedAway(this.#before.queue);
    this.parts.queue.classList.toggle(
      'at-capacity',
      capacity > 0 && (depth >= capacity || (refusing && depth > capacity * 0.9)),
    );
  }

  #fillCells({ concurrency = 0, busy = 0 }) {
    const count = Math.min(concurrency, CELLS);
    if (this.#cells.length !== count) {
      this.#cells = Array.from({ length: count }, () => document.createElement('i'));
      this.parts.cells.replaceChildren(...this.#cells);
      this.parts.cells.classList.toggle('small', count > 10);
    }
    // Which slot runs which event is not known here, nor does it matter: cells fill from the first.
    const full = concurrency > 0 ? (busy / concurrency) * count : 0;
    this.#cells.forEach((cell, index) => {
      const share = Math.max(0, Math.min(1, full - index));
      cell.style.opacity = share > 0 ? 0.35 + 0.65 * share : '';
      cell.classList.toggle('busy', share > 0);
    });
  }

  #fillGauge({ resource = {}, modes = {} }) {
    const scale = resource.limit || Math.max(resource.peak_in_use ?? 0, resource.in_use ?? 0, 1);
    for (const mode of MODES) {
      const share = Math.min(1, (modes[mode]?.in_use ?? 0) / scale);
      this.parts.gauge.querySelector(`.${mode}`).style.width = `${(share * 100).toFixed(1)}%`;
    }
    const peak = Math.min(1, (resource.peak_in_use ?? 0) / scale);
    const line = this.parts.gauge.querySelector('em');
    line.style.left = `${(peak * 100).toFixed(1)}%`;
    line.hidden = peak === 0;
  }

  // ---- what moved ----

  /** Says whether a rate changed: only then do pipes need paint. */
  #setRates(row) {
    const [serial, async, pipelined] = row?.in ?? [];
    const out = row?.out ?? [];
    const before = this.#rates;
    const dispatch = this.#closed ? 0 : out[2]; // at once, and not when the last second is over
    this.#rates = { serial, async, push: pipelined, dispatch, work: out[2], done: out[0] + out[1] + out[2] };
    return Object.keys(this.#rates).some((path) => this.#rates[path] !== before[path]);
  }

  #move(snapshot) {
    const before = this.#before;
    const gap = before ? snapshot.uptime_s - before.uptime_s : -1;
    if (gap <= 0 || gap > SILENCE_S || document.hidden) return;
    this.#moveIn(before, snapshot, gap * 1000);
    const lapse = (snapshot.point?.t ?? 0) - (before.point?.t ?? 0);
    if (lapse > 0 && before.point) this.#moveThrough(before.point, snapshot.point, lapse * 1000);
  }

  /** Arrivals and refusals, ten times a second. A reset makes differences negative: they count as none. */
  #moveIn(before, after, ms) {
    const grown = (read) => Math.max(0, (read(after) ?? 0) - (read(before) ?? 0));
    MODES.forEach((mode) => {
      const arrived = grown(({ modes }) => modes?.[mode]?.arrived);
      this.#send(mode === 'pipelined' ? 'push' : mode, mode, arrived, ms);
    });
    this.#send(
      'bounce',
      'danger',
      grown((one) => one.queue?.refused),
      ms,
      TRAVEL_MS.least,
    );
    this.#send(
      'fall',
      'danger',
      grown((one) => one.queue?.dropped),
      ms,
      TRAVEL_MS.least,
    );
    this.#send(
      'shed',
      'danger',
      grown((one) => one.resource?.refused),
      ms,
      TRAVEL_MS.least,
    );
  }

  /** Demand, dispatch and finish, from the history point's cumulative counts: four times a second. */
  #moveThrough(before, after, ms) {
    const finished = MODES.map((_, mode) =>
      Math.max(0, (after.finished?.[mode] ?? 0) - (before.finished?.[mode] ?? 0)),
    );
    const started = Math.max(0, finished[2] + (after.busy ?? 0) - (before.busy ?? 0));
    const dispatched = Math.max(0, started + (after.held ?? 0) - (before.held ?? 0));
    this.#send('ask', 'muted', dispatched, ms);
    this.#send('dispatch', 'pipelined', dispatched, ms, TRAVEL_MS.least);
    this.#send('work', 'pipelined', started, ms, TRAVEL_MS.least * 2);
    for (const [index, mode] of MODES.entries()) this.#send('done', mode, finished[index], ms);
  }

  #send(path, colour, events, ms, delay = 0) {
    const room = CROWD - this.#particles.length;
    const births = Math.min(events, Math.max(1, Math.round((ms / 1000) * BIRTHS_PER_S)), room);
    if (births < 1) return;
    const size = Math.min(7, 2.6 + 0.75 * Math.log2(events / births));
    const now = performance.now() + delay;
    for (let index = 0; index < births; index += 1) {
      this.#particles.push({ path, colour, size, born: now + (index * ms) / births });
    }
  }

  // ---- where it moves ----

  #layOut() {
    const stage = this.stage.getBoundingClientRect();
    const ratio = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = Math.round(stage.width * ratio);
    this.canvas.height = Math.round(stage.height * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.size = stage;
    const box = (name) => {
      const { left, top, width, height } = this.node(name).getBoundingClientRect();
      return { x: left - stage.left, y: top - stage.top, w: width, h: height };
    };
    const names = ['http', ...MODES, 'queue', 'consumers', 'resource', 'exit'];
    const boxes = Object.fromEntries(names.map((name) => [name, box(name)]));
    const stacked = boxes.queue.y > boxes.http.y + boxes.http.h;
    this.#paths = stacked ? stackedPaths(boxes) : sideBySidePaths(boxes);
    this.draw();
  }

  // ---- paint ----

  /** One frame. The loop lives only as long as a particle does: a quiet bench costs nothing. */
  #paint(now) {
    this.#frame = null;
    if (!this.size) return;
    if (now - this.#painted < FRAME_MS) return this.draw();
    this.#painted = now;
    this.context.clearRect(0, 0, this.size.width, this.size.height);
    this.#paintPipes();
    this.#particles = this.#particles.filter(({ path, born }) => now - born < this.#paths[path].travel);
    for (const particle of this.#particles) this.#paintParticle(particle, now);
    if (this.#closed) this.#paintGate();
    if (this.#particles.length && !document.hidden) this.draw();
  }

  #paintPipes() {
    const { context, palette } = this;
    context.lineCap = 'round';
    for (const [name, path] of Object.entries(this.#paths)) {
      if (!path.pipe) continue;
      trace(context, path);
      context.lineWidth = path.pipe;
      context.strokeStyle = palette.get('pipe');
      context.stroke();
      const rate = this.#rates[name] || 0;
      if (rate > 0) {
        context.lineWidth = Math.min(path.pipe, 2 + 2 * Math.log10(1 + rate));
        context.strokeStyle = palette.get(path.colour);
        context.globalAlpha = 0.28;
        context.stroke();
        context.globalAlpha = 1;
      }
      chevron(context, path, palette.get('muted'));
    }
  }

  /** A plate across the pipe, near its beginning, in a frame of the card's colour. */
  #paintGate() {
    const { context, palette } = this;
    const {
      points: [from, , , to],
      pipe,
    } = this.#paths.dispatch;
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    const [dx, dy] = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
    const [x, y] = [from[0] + dx * GATE.away, from[1] + dy * GATE.away];
    const reach = pipe / 2 + GATE.over;
    for (const [colour, width] of [
      ['card', GATE.thick + 4],
      ['mark', GATE.thick],
    ]) {
      context.beginPath();
      context.moveTo(x - dy * reach, y + dx * reach);
      context.lineTo(x + dy * reach, y - dx * reach);
      context.lineCap = 'butt';
      context.lineWidth = width;
      context.strokeStyle = palette.get(colour);
      context.stroke();
    }
  }

  #paintParticle({ path: name, colour, size, born }, now) {
    const path = this.#paths[name];
    const progress = (now - born) / path.travel;
    if (progress < 0) return;
    const [x, y] = along(path, progress);
    const { context } = this;
    context.globalAlpha = path.pipe ? 1 : 1 - progress ** 3; // what leaves the pipes fades away
    context.fillStyle = context.strokeStyle = this.palette.get(colour);
    context.beginPath();
    if (colour === 'async') triangle(context, x, y, size * 1.25);
    else if (colour === 'pipelined') context.rect(x - size * 0.85, y - size * 0.85, size * 1.7, size * 1.7);
    else context.arc(x, y, size, 0, 7);
    if (name === 'ask') {
      context.lineWidth = 1.3; // demand is not an event: it travels hollow, and against the stream
      context.stroke();
    } else context.fill();
    context.globalAlpha = 1;
  }
}

const middle = ({ y, h }) => y + h / 2;
const centre = ({ x, w }) => x + w / 2;

/** A path is a cubic curve; `pipe` is its width where it is drawn as a pipe, `travel` its length in time. */
function curve(from, bend1, bend2, to, pipe = 0, colour = 'pipelined') {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const travel = Math.min(TRAVEL_MS.most, Math.max(TRAVEL_MS.least, (length / PIXELS_PER_S) * 1000));
  return { points: [from, bend1, bend2, to], pipe, colour, travel };
}

function straight(from, to, pipe, colour) {
  const at = (share) => [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
  return curve(from, at(1 / 3), at(2 / 3), to, pipe, colour);
}

function sideBySidePaths(at) {
  const { http, queue, consumers, resource, exit } = at;
  const right = (box) => box.x + box.w;
  const lane = (mode) => straight([right(http), middle(at[mode])], [resource.x, middle(at[mode])], 10, mode);
  const y = middle(queue);
  const gate = queue.x - 6; // where refused events turn back
  const [drop, foot] = [centre(queue), queue.y + queue.h];
  const [door, lowest] = [resource.x, middle(at.async)];
  return {
    serial: lane('serial'),
    async: lane('async'),
    push: straight([right(http), y], [queue.x, y], 10),
    dispatch: straight([right(queue), y - 9], [consumers.x, y - 9], 10),
    ask: straight([consumers.x, y + 13], [right(queue), y + 13], 3, 'muted'),
    work: straight([right(consumers), y], [resource.x, y], 10),
    done: straight([right(resource), middle(exit)], [right(exit), middle(exit)], 10, 'muted'),
    bounce: curve([gate, y], [gate - 30, y - 34], [gate - 44, y + 4], [gate - 46, y + 56]),
    fall: curve([drop, foot - 4], [drop, foot + 8], [drop + 6, foot + 20], [drop + 8, foot + 34]),
    shed: curve([door - 4, lowest], [door - 30, lowest], [door - 40, lowest + 20], [door - 44, lowest + 56]),
  };
}

function stackedPaths(at) {
  const { http, queue, consumers, resource, exit } = at;
  const foot = (box) => box.y + box.h;
  const lane = (mode) => straight([centre(at[mode]), foot(http)], [centre(at[mode]), resource.y], 10, mode);
  const x = centre(queue);
  const gate = queue.y - 5;
  const [drop, bed] = [queue.x + 20, foot(queue)];
  const [last, door] = [centre(at.async), resource.y];
  return {
    serial: lane('serial'),
    async: lane('async'),
    push: straight([x, foot(http)], [x, queue.y], 10),
    dispatch: straight([x - 9, foot(queue)], [x - 9, consumers.y], 10),
    ask: straight([x + 13, consumers.y], [x + 13, foot(queue)], 3, 'muted'),
    work: straight([x, foot(consumers)], [x, resource.y], 10),
    done: straight([centre(exit), foot(resource)], [centre(exit), exit.y + 2], 10, 'muted'),
    bounce: curve([x, gate], [x + 30, gate - 26], [x + 60, gate - 16], [x + 84, gate + 20]),
    fall: curve([drop, bed], [drop, bed + 8], [drop - 4, bed + 18], [drop - 6, bed + 34]),
    shed: curve([last, door - 4], [last + 16, door - 30], [last + 26, door - 14], [last + 30, door + 14]),
  };
}

function along({ points: [a, b, c, d] }, t) {
  const u = 1 - t;
  return [0, 1].map(
    (axis) => u * u * u * a[axis] + 3 * u * u * t * b[axis] + 3 * u * t * t * c[axis] + t * t * t * d[axis],
  );
}

function trace(context, { points: [a, b, c, d] }) {
  context.beginPath();
  context.moveTo(...a);
  context.bezierCurveTo(...b, ...c, ...d);
}

function triangle(context, x, y, r) {
  context.moveTo(x, y - r);
  context.lineTo(x + r, y + r * 0.8);
  context.lineTo(x - r, y + r * 0.8);
  context.closePath();
}

/** Says which way a pipe flows while nothing does. */
function chevron(context, path, colour) {
  const [x, y] = along(path, 0.5);
  const [nx, ny] = along(path, 0.52);
  context.save();
  context.translate(x, y);
  context.rotate(Math.atan2(ny - y, nx - x));
  context.beginPath();
  context.moveTo(-2, -3);
  context.lineTo(1.5, 0);
  context.lineTo(-2, 3);
  context.lineWidth = 1.4;
  context.strokeStyle = colour;
  context.stroke();
  context.restore();
}
