// @ts-check
// The curve: when the i-th watcher has the event, and the floor of the machine below it.
//
// Responsible for: drawing the event that the field replays, over the events before it. Its axis is that of the field.

import { format } from '../format.js';
import { ticksTo } from '../labs/axis.js';
import { Surface } from '../labs/surface.js';
import { reachedAt, timeOf } from './times.js';

/** @import { Paper } from '../labs/surface.js' */
/** @import { Palette } from '../palette.js' */
/** @import { Field } from './field.js' */
/** @import { Replay } from './replay.js' */
/** @import { Match, MatchEvent } from './types.d.ts' */

const KEPT = 6; // earlier events
const HEADROOM = 1.22; // for the words above the highest point
const NARROW = 500; // px
const EMPTY = 10_000; // watchers of the axis while there are none
const FEW = 12;

/**
 * @typedef {object} Frame
 * @property {CanvasRenderingContext2D} pen
 * @property {number} rem
 * @property {number} left
 * @property {number} right
 * @property {number} top
 * @property {number} foot
 * @property {number} total watchers at the end of the axis
 * @property {number} most milliseconds at the end of the axis
 * @property {(rank: number) => number} x
 * @property {(ms: number) => number} y
 */

export class Curve {
  /** @type {Match | null} */
  #match = null;
  /** @type {MatchEvent[]} the newest last */
  #seen = [];

  /**
   * @param {HTMLElement} place
   * @param {Palette} palette
   * @param {Replay} replay
   * @param {Field} field
   */
  constructor(place, palette, replay, field) {
    this.palette = palette;
    this.replay = replay;
    this.field = field;
    const height = (/** @type {number} */ _, /** @type {number} */ rem) =>
      (document.documentElement.classList.contains('present') ? 17 : 15.2) * rem;
    this.surface = new Surface(place, 'Time until the i-th watcher has it', height, (paper) => this.#draw(paper));
  }

  /** @param {Match} match */
  take(match) {
    this.#match = match;
    const { event } = match;
    if (!event) this.#seen = [];
    else {
      if (this.#seen.at(-1)?.seq === event.seq) this.#seen.pop();
      if ((this.#seen.at(-1)?.seq ?? -1) > event.seq) this.#seen = [];
      this.#seen = [...this.#seen, event].slice(-KEPT - 1);
    }
    this.surface.canvas.setAttribute('aria-label', described(match));
  }

  /** @param {Paper} paper */
  #draw({ pen, width, height, rem }) {
    const match = this.#match;
    if (!match) return;
    const [left, right] = this.field.span;
    const [top, foot] = [1.2 * rem, height - 2.4 * rem];
    const total = this.field.total || EMPTY;
    const floor = match.machine ? (match.machine.send_us * total) / 1000 : 0;
    const event = this.replay.event;
    const ends = this.#seen.map(({ curve }) => curve.at(-1) ?? 0);
    const highest = Math.max(floor, ...match.past.slice(0, KEPT), ...ends, event?.curve.at(-1) ?? 0, 0.01);
    const most = highest * HEADROOM;
    const ticks = ticksTo(highest).filter((tick) => tick <= most);
    /** @type {Frame} */
    const frame = {
      pen,
      rem,
      left,
      right,
      top,
      foot,
      total,
      most,
      x: (rank) => left + (Math.max(0, rank - 0.5) / total) * (right - left),
      y: (ms) => foot - (Math.min(ms, most) / most) * (foot - top),
    };
    this.#axes(frame, ticks, width);
    if (this.field.total > 0) {
      this.#past(frame, match.past);
      for (const one of this.#seen) if (one.seq !== event?.seq) this.#line(frame, one, Infinity, 1, 0.28);
    }
    this.#floor(frame, floor, match, width);
    if (event && this.field.total > 0) this.#present(frame, event, match, width);
  }

  /**
   * @param {Frame} frame
   * @param {number[]} ticks
   * @param {number} width
   */
  #axes({ pen, rem, left, right, foot, total, x, y }, ticks, width) {
    pen.font = `${1.2 * rem}px Inter, system-ui, sans-serif`;
    pen.textAlign = 'right';
    for (const tick of ticks) {
      pen.fillStyle = this.palette.get('line');
      pen.fillRect(left, Math.round(y(tick)), right - left, 1);
      pen.fillStyle = this.palette.get('muted');
      pen.fillText(tick === 0 ? '0' : format.msTick(tick), left - 0.8 * rem, y(tick) + 0.4 * rem);
    }
    // With few watchers each has its word below its square.
    const isFew = total <= FEW;
    const parts = isFew ? total - 1 : width < NARROW ? 2 : 4;
    const first = isFew ? 1 : 0;
    const part = (/** @type {number} */ index) => Math.round(first + ((total - first) * index) / Math.max(1, parts));
    for (const rank of new Set(Array.from({ length: parts + 1 }, (_, index) => part(index)))) {
      const isEnd = !isFew && rank === total;
      pen.textAlign = isEnd ? 'right' : rank === 0 ? 'left' : 'center';
      const words = rank === first ? (isFew ? 'watcher 1' : 'first watcher') : format.count(rank);
      pen.fillText(words, isEnd ? right : x(rank), foot + 1.8 * rem);
    }
  }

  /**
   * Where the earlier events ended, as far as only this is known of them.
   * @param {Frame} frame
   * @param {number[]} past
   */
  #past({ pen, rem, right, y }, past) {
    pen.fillStyle = this.palette.get('work');
    pen.globalAlpha = 0.4;
    for (const last of past.slice(0, KEPT)) pen.fillRect(right - 0.6 * rem, y(last) - 1, 0.6 * rem, 2);
    pen.globalAlpha = 1;
  }

  /**
   * @param {Frame} frame
   * @param {MatchEvent} event
   * @param {number} until milliseconds
   * @param {number} thick
   * @param {number} alpha
   */
  #line({ pen, x, y }, event, until, thick, alpha) {
    const { curve, reached } = event;
    if (curve.length === 0) return;
    pen.strokeStyle = this.palette.get('work');
    pen.lineWidth = thick;
    pen.lineCap = pen.lineJoin = 'round';
    pen.globalAlpha = alpha;
    pen.beginPath();
    const step = curve.length > 1 ? (reached - 1) / (curve.length - 1) : 0;
    for (const [index, ms] of curve.entries()) {
      if (ms > until) break;
      pen.lineTo(x(1 + index * step), y(ms));
    }
    const has = reachedAt(event, until);
    if (has > 0 && has < reached) pen.lineTo(x(has), y(Math.min(until, timeOf(event, has))));
    pen.stroke();
    pen.globalAlpha = 1;
  }

  /**
   * @param {Frame} frame
   * @param {number} floor
   * @param {Match} match
   * @param {number} width
   */
  #floor({ pen, rem, left, right, foot, y }, floor, { machine }, width) {
    const words = !machine
      ? 'the floor of this machine is not measured yet'
      : width < NARROW
        ? `floor: ${format.msTick(floor)}`
        : `the machine’s floor: a bare send() loop, ${Number(machine.send_us.toPrecision(2))} µs a watcher`;
    if (machine) {
      pen.strokeStyle = this.palette.get('ink');
      pen.lineWidth = 2;
      pen.setLineDash([6, 5]);
      pen.globalAlpha = this.field.total > 0 ? 1 : 0.5;
      pen.beginPath();
      pen.moveTo(left, y(0));
      pen.lineTo(right, y(floor));
      pen.stroke();
      pen.setLineDash([]);
      pen.globalAlpha = 1;
    }
    pen.font = `${1.2 * rem}px Inter, system-ui, sans-serif`;
    this.#words(pen, rem, words, right - 0.4 * rem, foot - 0.7 * rem, 'right', 'ink');
  }

  /**
   * @param {Frame} frame
   * @param {MatchEvent} event the one that is shown
   * @param {Match} match
   * @param {number} width
   */
  #present(frame, event, match, width) {
    const { pen, rem, left, right, top, foot, x, y } = frame;
    const elapsed = this.replay.elapsed(performance.now());
    this.#line(frame, event, elapsed, 4, 1);
    const has = reachedAt(event, elapsed);
    const [at, ms] = [x(has), has === 0 ? 0 : timeOf(event, has)];
    pen.font = `650 ${1.5 * rem}px Inter, system-ui, sans-serif`;
    const stands = match.event?.seq === event.seq && event.stalled_ms > 0 && has >= event.reached;
    const isNarrow = width < NARROW;
    if (stands) {
      pen.strokeStyle = this.palette.get('danger');
      pen.lineWidth = 4;
      pen.beginPath();
      pen.moveTo(at, y(ms));
      pen.lineTo(at, top);
      pen.stroke();
      const since = format.age(event.stalled_ms);
      const words = isNarrow ? since : `stands here for ${since}`;
      const flip = at + pen.measureText(words).width + 2 * rem > right;
      return this.#words(
        pen,
        rem,
        words,
        at + (flip ? -1.2 : 1.2) * rem,
        top + 1.4 * rem,
        flip ? 'right' : 'left',
        'danger',
      );
    }
    if (has === 0) return;
    pen.fillStyle = this.palette.get('work');
    pen.beginPath();
    pen.arc(at, y(ms), 6, 0, 7);
    pen.fill();
    const isLast = has >= event.reached;
    const time = format.ms(ms);
    const long =
      isLast && event.reached >= event.sent
        ? `the last has it after ${time}`
        : `${format.count(has)} ${has === 1 ? 'has' : 'have'} it after ${time}`;
    const words = isNarrow ? `${isLast ? 'last' : format.count(has)}: ${time}` : long;
    const room = pen.measureText(words).width + 1.4 * rem;
    const before = at - room >= left && (at + room > right || at > (left + right) / 2);
    // Below the point it would meet the words of the floor where the curve is low.
    const below = !before && foot - y(ms) > 5 * rem;
    const down = before ? -0.6 : below ? 2 : -1;
    const height = Math.max(top + 1.2 * rem, y(ms) + down * rem);
    this.#words(pen, rem, words, at + (before ? -1.4 : 1.4) * rem, height, before ? 'right' : 'left', 'ink');
  }

  /**
   * Words on the colour of the ground, so that lines do not cross them.
   * @param {CanvasRenderingContext2D} pen
   * @param {number} rem
   * @param {string} words
   * @param {number} x
   * @param {number} y
   * @param {CanvasTextAlign} align
   * @param {string} colour
   */
  #words(pen, rem, words, x, y, align, colour) {
    pen.textAlign = align;
    const wide = pen.measureText(words).width;
    pen.globalAlpha = 0.85;
    pen.fillStyle = this.palette.get('card');
    pen.fillRect((align === 'right' ? x - wide : x) - 0.3 * rem, y - 1.3 * rem, wide + 0.6 * rem, 1.8 * rem);
    pen.globalAlpha = 1;
    pen.fillStyle = this.palette.get(colour);
    pen.fillText(words, x, y);
  }
}

/** The curve in words. @param {Match} match */
function described({ event, machine }) {
  if (!event) return 'Time until the i-th watcher has it: no event yet';
  const last = event.last_ms ?? event.curve.at(-1);
  const has = `${format.count(event.reached)} of ${format.count(event.sent)} watchers have event ${event.seq} after ${format.ms(last)}`;
  return machine ? `${has}; the machine's floor is ${format.ms((machine.send_us * event.sent) / 1000)}` : has;
}
