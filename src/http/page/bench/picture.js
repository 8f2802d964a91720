// @ts-check
// The picture: where backpressure is seen.
//
// Responsible for: one frame of it, in which order its parts are drawn, and when its words change. Words are
// elements; everything else is one canvas. Places are left to layout.js, parts to basin.js, sluices.js and
// resource.js, what moves to particles.js.

import { find, findAs } from '../dom.js';
import { basin, channel, gate, lens } from './basin.js';
import { heads, line } from './brush.js';
import { Labels } from './labels.js';
import { layOut, level } from './layout.js';
import { Particles } from './particles.js';
import { boundOf, hasSlots, Rack, zones } from './resource.js';
import { rowsOf, Sluices } from './sluices.js';
import { wideWords } from './words.js';
import { stackedWords } from './words-stacked.js';

/** @import { Palette } from '../palette.js' */
/** @import { Box, Counts, Figures, Layout, Spot } from './types.d.ts' */

const GLIDE = 0.3; // of the way to a new level, each frame
const FULL = 0.96; // a full queue that is drained is a little short at most instants

export class Picture {
  #particles = new Particles();
  #sluices = new Sluices();
  #rack = new Rack();
  #depth = 0; // as drawn: it glides
  #surface = 0;
  #taken = 0; // when the figures were taken
  #lens = 0; // events that a square of it stands for; 0: none
  #crowd = 1;
  #heads = 1;
  /** @type {Figures | null} */
  #f = null;
  /** @type {Figures | null} what the words say */
  #said = null;
  /** @type {Layout} */
  at = layOut(1248, 380);
  scale = 1;

  /**
   * @param {HTMLElement} section
   * @param {Palette} palette
   */
  constructor(section, palette) {
    this.canvas = findAs(HTMLCanvasElement, section, 'canvas');
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext('2d'));
    this.labels = new Labels(find(section, '.labels'));
    this.labels.adopt('stepper', find(section, '.stepper'));
    this.get = (/** @type {string} */ name) => palette.get(name);
    new ResizeObserver(() => this.#resize()).observe(this.canvas);
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width) return;
    const ratio = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    this.scale = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 10;
    this.at = layOut(width / this.scale, height / this.scale);
    this.context.setTransform(ratio * this.scale, 0, 0, ratio * this.scale, 0, 0);
    this.#particles.clear();
    this.draw(performance.now());
    if (this.#said) this.say(this.#said);
  }

  /**
   * Takes a snapshot's figures.
   * @param {Figures} f
   * @param {Counts} counts
   * @param {number} now
   */
  take(f, counts, now) {
    if (!this.#f) this.#depth = f.depth;
    this.#f = f;
    this.#taken = now;
    const { at } = this;
    const levels = f.arriving.map((one) => level(one));
    this.#particles.take(counts, f, at, { surface: this.#surface, levels, rowOf: this.#spots(f) }, now);
    if (f.frozen !== null && this.#said) this.#clock(f.frozen);
  }

  /** Where particles come to and leave a consumer. @param {Figures} f */
  #spots(f) {
    const { cells } = this.at;
    const count = f.cells.length;
    const row = rowsOf(this.at, count);
    return (/** @type {number} */ index) => {
      if (!count) return { x: cells.x, y: cells.y + 8 + (((index * 37) % 100) / 100) * (cells.h - 16), w: cells.w };
      return count > 12 ? { y: row(index).y, x: cells.x, w: cells.w } : row(index);
    };
  }

  /** Whether anything moves: then there have to be frames. */
  get moves() {
    const f = this.#f;
    if (!f || this.#particles.some || Math.abs(this.#depth - f.depth) > 0.5) return true;
    return f.busy > 0 && f.frozen === null;
  }

  /**
   * One frame.
   * @param {number} now
   */
  draw(now) {
    const f = this.#f;
    if (!f) return;
    const { at, context } = this;
    const still = this.#particles.still.matches;
    const away = f.depth - this.#depth;
    this.#depth = still || Math.abs(away) < 0.5 ? f.depth : this.#depth + away * GLIDE;
    context.clearRect(0, 0, at.W, at.H);
    const { blame, tone: colour } = (this.#said ?? f).verdict;
    const tone = (/** @type {string} */ part) => (blame === part ? colour : undefined);
    for (const lane of at.lanes) channel(this, lane, f.arriving[lane.mode], at.wide);
    const full = f.depth >= FULL * f.capacity;
    const waves = f.arriving[2] > 0 && !still ? now : null;
    this.#surface = basin(this, at, f, { depth: this.#depth, full, tone: tone('basin'), now: waves });
    if (this.#lens) lens(this, at, f.depth, this.#lens);
    this.#sluices.draw(this, at, f, { tone: tone('consumers'), since: now - this.#taken });
    gate(this, at, f.paused);
    this.#rack.draw(this, at, f, tone('resource'));
    if (at.wide && !hasSlots(f) && f.total > boundOf(f)) this.#bound(f);
    for (const exit of [at.paths.done(), at.paths.failed()]) line(this, 'pipe', 8, ...exit);
    this.#clients(f);
    this.#particles.draw(this, now);
  }

  /** The line at ten times the pool. @param {Figures} f */
  #bound(f) {
    const { rack } = this.at;
    const bound = boundOf(f);
    const zone = zones(rack).find(({ to }) => bound < to);
    if (!zone) return;
    const y = zone.foot - Math.floor((bound - zone.from) / zone.columns) * zone.dy;
    line(this, 'danger', 2, [rack.x, y], [rack.x + rack.w + 22, y]);
  }

  /** Clients that wait: in serial on the bank of their channel, at a full queue before its wall. @param {Figures} f */
  #clients(f) {
    const { at } = this;
    const { beds, columns, inlet, rack, basin: b, yard, floor } = at;
    const room = at.wide ? Math.floor((rack.x - inlet - 210) / 9.4) : 50;
    this.#heads = perHead(f.clients / room);
    /** @type {(index: number) => Spot} */
    const bank = at.wide
      ? (index) => [inlet + 10 + index * 9.4, beds[0] - 31]
      : (index) => [columns[0] + 7 + (index % 2) * 9, 70 + Math.floor(index / 2) * 13];
    heads(this, 'serial', this.#standing(f), bank);
    const across = at.wide ? Math.floor((yard.w - 6) / 10) : Math.floor((b.w - 60) / 9);
    this.#crowd = perHead(f.waiting / (across * (at.wide ? Math.floor((yard.h - 70) / 16) : 3)));
    /** @type {(index: number) => Spot} */
    const rim = at.wide
      ? (index) => [b.x - 12 - (index % across) * 10, floor - 2 - Math.floor(index / across) * 16]
      : (index) => [58 + (index % across) * 9, b.y - 8 - Math.floor(index / across) * 14];
    heads(this, 'pipelined', Math.ceil(f.waiting / this.#crowd), rim);
  }

  /** @param {Figures} f */
  #standing(f) {
    return Math.ceil(f.clients / this.#heads);
  }

  /**
   * Changes all words at once.
   * @param {Figures} f
   */
  say(f) {
    this.#said = f;
    const { at, labels } = this;
    this.#lens = lensFor(f, this.#lens);
    /** @type {Box | null} */
    const frame = this.#lens ? lens(this, at, f.depth, this.#lens) : null;
    const drawn = {
      lens: frame,
      each: this.#lens,
      standing: this.#standing(f),
      crowd: this.#crowd,
      heads: this.#heads,
    };
    labels.begin(this.scale);
    if (at.wide) wideWords(labels, at, f, drawn);
    else stackedWords(labels, at, f);
    if (f.frozen !== null) this.#clock(f.frozen);
    labels.end();
    this.draw(performance.now());
  }

  /** How long the resource has stood still: the one figure that runs. @param {number} seconds */
  #clock(seconds) {
    const { rack } = this.at;
    const how = { look: 'n ice', align: /** @type {const} */ ('c'), term: 'frozen' };
    this.labels.put('frozen', rack.x + rack.w / 2, rack.y + 58, `${seconds.toFixed(1)} s`, how);
  }
}

/**
 * How many clients a head stands for, so that all of them have room.
 * @param {number} share of the room that one head for each would take
 */
function perHead(share) {
  if (share <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(share));
  return ([2, 5, 10].find((one) => one * power >= share) ?? 10) * power;
}

/**
 * A nearly empty basin is enlarged: a square is an event, or ten, and does not change to and fro.
 * @param {Figures} f
 * @param {number} before
 */
function lensFor({ depth, capacity }, before) {
  if (depth === 0 || capacity < 1000 || depth > capacity * 0.1) return 0;
  for (const each of [1, 10, 100]) if (depth <= 100 * each * (before === each * 10 ? 0.9 : 1)) return each;
  return 0;
}
