// @ts-check
// The canvas behind the nodes of the flow picture: the pipes, the particles in them, and the gate.
//
// Responsible for: painting, only as long as something moves. Every particle stands for events that
// really moved. Where more events move than can be drawn, particles grow instead of multiplying.

import { find } from './dom.js';
import { along, NODES, pathsBetween } from './pipes.js';

/** @import { Movement, PipeRates } from './motion.js' */
/** @import { Palette } from './palette.js' */
/** @import { Boxes, NodeName, Path, PathName, Paths } from './pipes.js' */

const BIRTHS_PER_S = 18; // particles that a path may get; with more events they grow
const CROWD = 400; // particles at any time
const FRAME_MS = 30; // the page may run beside the bench it watches, and must not disturb it
const GATE = { away: 9, thick: 6, over: 8 }; // pixels: from the queue, across the pipe, beyond its sides

/** @typedef {{ path: PathName, colour: string, size: number, born: number }} Particle */

export class FlowCanvas {
  /** @type {Particle[]} */
  #particles = [];
  /** @type {Paths | null} */
  #paths = null;
  /** @type {PipeRates} */
  #rates = {};
  #isClosed = false; // whether the gate behind the queue is
  /** @type {number | null} */
  #frame = null;
  #painted = 0;
  #size = { width: 0, height: 0 };

  /**
   * @param {HTMLElement} stage
   * @param {Palette} palette
   */
  constructor(stage, palette) {
    this.palette = palette;
    this.stage = stage;
    this.canvas = /** @type {HTMLCanvasElement} */ (find(stage, 'canvas'));
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext('2d'));
    new ResizeObserver(() => this.#layOut()).observe(stage);
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.#particles = [];
    });
  }

  /**
   * Takes the present state, and what has moved since the last one.
   * @param {PipeRates} rates
   * @param {boolean} isClosed
   * @param {Movement[]} movements
   */
  update(rates, isClosed, movements) {
    const changed = isClosed !== this.#isClosed || JSON.stringify(rates) !== JSON.stringify(this.#rates);
    this.#rates = rates;
    this.#isClosed = isClosed;
    for (const movement of movements) this.#send(movement);
    if (changed || this.#particles.length) this.draw();
  }

  draw() {
    this.#frame ??= requestAnimationFrame((now) => this.#paint(now));
  }

  /** @param {Movement} movement */
  #send({ path, colour, events, ms, delay }) {
    const room = CROWD - this.#particles.length;
    const births = Math.min(events, Math.max(1, Math.round((ms / 1000) * BIRTHS_PER_S)), room);
    if (births < 1) return;
    const size = Math.min(7, 2.6 + 0.75 * Math.log2(events / births));
    const now = performance.now() + delay;
    for (let index = 0; index < births; index += 1) {
      this.#particles.push({ path, colour, size, born: now + (index * ms) / births });
    }
  }

  #layOut() {
    const stage = this.stage.getBoundingClientRect();
    const ratio = Math.min(2, devicePixelRatio || 1);
    this.#size = stage;
    this.canvas.width = Math.round(stage.width * ratio);
    this.canvas.height = Math.round(stage.height * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    /** @param {NodeName} name */
    const box = (name) => {
      const { left, top, width, height } = find(this.stage, `[data-node="${name}"]`).getBoundingClientRect();
      return { x: left - stage.left, y: top - stage.top, w: width, h: height };
    };
    this.#paths = pathsBetween(/** @type {Boxes} */ (Object.fromEntries(NODES.map((name) => [name, box(name)]))));
    this.draw();
  }

  /**
   * One frame. The loop ends with the last particle: a quiet bench costs nothing.
   * @param {number} now
   */
  #paint(now) {
    this.#frame = null;
    const paths = this.#paths;
    if (!paths) return;
    if (now - this.#painted < FRAME_MS) return this.draw();
    this.#painted = now;
    this.context.clearRect(0, 0, this.#size.width, this.#size.height);
    for (const name of /** @type {PathName[]} */ (Object.keys(paths))) this.#paintPipe(paths[name], this.#rates[name]);
    this.#particles = this.#particles.filter(({ path, born }) => now - born < paths[path].travel);
    for (const particle of this.#particles) this.#paintParticle(particle, paths[particle.path], now);
    if (this.#isClosed) this.#paintGate(paths.dispatch);
    if (this.#particles.length && !document.hidden) this.draw();
  }

  /**
   * @param {Path} path
   * @param {number | null | undefined} rate events a second
   */
  #paintPipe(path, rate) {
    if (!path.pipe) return;
    const { context, palette } = this;
    const [from, bend1, bend2, to] = path.points;
    context.lineCap = 'round';
    context.beginPath();
    context.moveTo(...from);
    context.bezierCurveTo(...bend1, ...bend2, ...to);
    context.lineWidth = path.pipe;
    context.strokeStyle = palette.get('pipe');
    context.stroke();
    if (rate && rate > 0) {
      context.lineWidth = Math.min(path.pipe, 2 + 2 * Math.log10(1 + rate));
      context.strokeStyle = palette.get(path.colour);
      context.globalAlpha = 0.28;
      context.stroke();
      context.globalAlpha = 1;
    }
    chevron(context, path, palette.get('muted'));
  }

  /**
   * A plate across the pipe, near its beginning, in a frame of the card's colour.
   * @param {Path} path
   */
  #paintGate({ points: [from, , , to], pipe }) {
    const { context, palette } = this;
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    const [dx, dy] = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
    const [x, y] = [from[0] + dx * GATE.away, from[1] + dy * GATE.away];
    const reach = pipe / 2 + GATE.over;
    for (const { colour, width } of [
      { colour: 'card', width: GATE.thick + 4 },
      { colour: 'mark', width: GATE.thick },
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

  /**
   * @param {Particle} particle
   * @param {Path} path
   * @param {number} now
   */
  #paintParticle({ path: name, colour, size, born }, path, now) {
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

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} r
 */
function triangle(context, x, y, r) {
  context.moveTo(x, y - r);
  context.lineTo(x + r, y + r * 0.8);
  context.lineTo(x - r, y + r * 0.8);
  context.closePath();
}

/**
 * Says which way a pipe flows while nothing does.
 * @param {CanvasRenderingContext2D} context
 * @param {Path} path
 * @param {string} colour
 */
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
