// @ts-check
// The field of watchers: a square each, and an event that sweeps over them.
//
// Responsible for: drawing only squares that have changed, the ring around those that are behind, and the words under
// the pointer. grid.js has the places of the squares, times.js their times, replay.js the clock.

import { element } from '../dom.js';
import { format } from '../format.js';
import { Surface } from '../labs/surface.js';
import { cornerOf, gridOf, squareAt, squareOf } from './grid.js';
import { dueTimes } from './times.js';

/** @import { Tooltip } from '../glossary.js' */
/** @import { Paper } from '../labs/surface.js' */
/** @import { Palette } from '../palette.js' */
/** @import { Band, Grid } from './grid.js' */
/** @import { Replay } from './replay.js' */
/** @import { Match, MatchEvent, Shard } from './types.d.ts' */

const [REST, FRONT, HAS, BEHIND] = [0, 1, 2, 3];
const COLOURS = ['cell', 'ink', 'work', 'rogue'];
const FRONT_SHARE = 0.03; // of the time until the last watcher: how long a square that was just written is dark
export const GUTTER = 5.6; // rem, for the words left of the field and of the curve
const NARROW = 500; // px
const EMPTY = 10_000; // squares of a field without watchers

/** The words' column. @param {number} width @param {number} rem */
export function gutterOf(width, rem) {
  return (width < NARROW ? 4.4 : GUTTER) * rem;
}

export class Field {
  /** @type {Match | null} */
  #match = null;
  #sheet = document.createElement('canvas');
  /** The field before an event, so that a replay begins with one drawing. */
  #blank = document.createElement('canvas');
  #pen;
  /** @type {Grid | null} */
  grid = null;
  #key = '';
  #colours = '';
  /** @type {number[]} watchers of each shard */
  #shards = [];
  /** @type {Float32Array} */
  #due = new Float32Array(0);
  #state = new Uint8Array(0);
  /** @type {MatchEvent | null} what the times were made of */
  #timesOf = null;
  /** @type {Set<number>} */
  #behind = new Set();
  #left = 0;
  #top = 0;
  #ratio = 1;

  /**
   * @param {HTMLElement} place
   * @param {Palette} palette
   * @param {Replay} replay
   * @param {Tooltip} tooltip
   */
  constructor(place, palette, replay, tooltip) {
    const pen = this.#sheet.getContext('2d');
    if (!pen) throw new Error('This browser cannot draw on a canvas.');
    this.#pen = pen;
    this.palette = palette;
    this.replay = replay;
    const height = (/** @type {number} */ width, /** @type {number} */ rem) =>
      (document.documentElement.classList.contains('present') ? 24 : width < NARROW ? 24 : 21.4) * rem;
    this.surface = new Surface(place, 'The field of watchers', height, (paper) => this.#draw(paper));
    place.addEventListener('pointermove', ({ offsetX, offsetY, clientX, clientY, target }) => {
      const words = target === this.surface.canvas ? this.#wordsAt(offsetX, offsetY) : '';
      if (words) tooltip.show(clientX, clientY, element('p', '', words));
      else tooltip.hide();
    });
    place.addEventListener('pointerleave', () => tooltip.hide());
  }

  /** @param {Match} match */
  take(match) {
    this.#match = match;
    const { now, event } = match;
    const shards = (event?.shards ?? []).map(({ watchers }) => watchers);
    const known = shards.reduce((sum, count) => sum + count, 0);
    this.#shards = known > 0 ? shards : [now.watchers];
    const has = event ? `, ${format.count(event.reached)} have event ${event.seq}` : '';
    this.surface.canvas.setAttribute('aria-label', `${format.count(this.total)} watchers${has}`);
  }

  /** Watchers in the field. */
  get total() {
    return this.#shards.reduce((sum, count) => sum + count, 0);
  }

  /** Where the field begins and ends, in CSS pixels. @returns {[left: number, right: number]} */
  get span() {
    return [this.#left, this.#left + (this.grid?.width ?? 0) / this.#ratio];
  }

  /**
   * The middle of a watcher's square, in CSS pixels.
   * @param {number} place
   * @returns {[x: number, y: number] | null}
   */
  spotOf(place) {
    const found = this.grid && squareOf(this.grid, this.#shards, place);
    if (!this.grid || !found) return null;
    const [x, y] = cornerOf(this.grid, found.band, found.index);
    const half = this.grid.size / 2;
    return [this.#left + (x + half) / this.#ratio, this.#top + (y + half) / this.#ratio];
  }

  /** @param {Paper} paper */
  #draw({ pen, width, height, rem }) {
    this.#left = gutterOf(width, rem);
    this.#ratio = devicePixelRatio || 1;
    // The dot at the end of the curve reaches beyond its axis.
    this.#top = Math.round(0.6 * rem);
    this.#layOut(
      Math.floor((width - this.#left - 0.7 * rem) * this.#ratio),
      Math.floor((height - 2 * this.#top) * this.#ratio),
    );
    this.#update();
    const { canvas } = this.#pen;
    pen.drawImage(canvas, this.#left, this.#top, canvas.width / this.#ratio, canvas.height / this.#ratio);
    this.#names(pen, rem);
    for (const one of this.#match?.event?.behind ?? []) this.#ring(pen, one.place, rem);
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  #layOut(width, height) {
    const shards = this.total > 0 ? this.#shards : [EMPTY];
    const key = `${width} ${height} ${this.#ratio} ${shards.join()}`;
    const colours = COLOURS.map((name) => this.palette.get(name)).join();
    if (this.grid && key === this.#key && colours === this.#colours) return;
    this.#key = key;
    this.#colours = colours;
    this.grid = gridOf(shards, width, height, this.#ratio);
    this.#sheet.width = this.grid.width;
    this.#sheet.height = height;
    this.#blank.width = this.grid.width;
    this.#blank.height = height;
    const pen = this.#blank.getContext('2d');
    if (pen) this.#fill(pen, REST, allSquares(this.grid));
    this.#state = new Uint8Array(this.grid.squares);
    this.#clear();
    this.#timesOf = null;
  }

  /** Takes the event from every square. */
  #clear() {
    this.#pen.clearRect(0, 0, this.#sheet.width, this.#sheet.height);
    this.#pen.drawImage(this.#blank, 0, 0);
    this.#state.fill(REST);
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {number} kind
   * @param {Iterable<[band: Band, index: number]>} squares
   */
  #fill(pen, kind, squares) {
    const { grid } = this;
    if (!grid) return;
    pen.fillStyle = this.palette.get(COLOURS[kind]);
    for (const [band, index] of squares) {
      const [x, y] = cornerOf(grid, band, index);
      pen.fillRect(x, y, grid.size, grid.size);
    }
  }

  /** Paints the squares whose state differs. */
  #update() {
    const { grid, replay } = this;
    const event = replay.event;
    if (!grid) return;
    if (this.#timesOf !== event || this.#due.length !== grid.squares) this.#readTimes();
    const elapsed = replay.elapsed(performance.now());
    const front = FRONT_SHARE * (event?.curve.at(-1) ?? 0);
    const hasFront = !replay.still && elapsed < (event?.curve.at(-1) ?? 0) + front;
    const state = this.#state;
    /** @type {[band: Band, index: number][][]} by their new state, so that a colour is set once */
    const changed = COLOURS.map(() => []);
    for (const band of grid.bands) {
      for (let index = 0; index < band.squares; index += 1) {
        const square = band.first + index;
        const since = elapsed - this.#due[square];
        let now = since >= 0 ? (hasFront && since < front ? FRONT : HAS) : REST;
        if (this.#behind.has(square)) now = BEHIND;
        if (now === state[square]) continue;
        state[square] = now;
        changed[now].push([band, index]);
      }
    }
    for (const [kind, squares] of changed.entries()) this.#fill(this.#pen, kind, squares);
  }

  #readTimes() {
    const { grid, replay } = this;
    const event = replay.event;
    if (!grid) return;
    if (this.#timesOf?.seq !== event?.seq) this.#clear();
    this.#timesOf = event;
    const isEmpty = this.total === 0;
    this.#behind.clear();
    for (const { place } of (isEmpty ? null : this.#match?.event?.behind) ?? []) {
      const found = squareOf(grid, this.#shards, place);
      if (found) this.#behind.add(found.band.first + found.index);
    }
    const rest = new Float32Array(grid.squares).fill(Infinity);
    this.#due = event && !isEmpty ? dueTimes(event, grid, this.#shards, this.#behind) : rest;
  }

  /**
   * The names of shards, left of their bands where there is room.
   * @param {CanvasRenderingContext2D} pen
   * @param {number} rem
   */
  #names(pen, rem) {
    const { grid } = this;
    if (!grid || this.total === 0) return;
    pen.font = `${1.2 * rem}px Inter, system-ui, sans-serif`;
    pen.textAlign = 'right';
    pen.fillStyle = this.palette.get('muted');
    /** @type {Shard[]} */
    const shards = this.#match?.event?.shards ?? [];
    const both = new Set(shards.filter(({ watchers }) => watchers > 0).map(({ transport }) => transport)).size > 1;
    if (grid.bands.length < 2) return;
    for (const { shard, y, height } of grid.bands) {
      const middle = this.#top + (y + height / 2) / this.#ratio;
      const { name = '', transport = '' } = shards[shard] ?? {};
      const right = this.#left - 0.8 * rem;
      if (height / this.#ratio < 1.4 * rem) continue;
      if (both && height / this.#ratio > 3 * rem) {
        pen.fillText(name.replace('shard-', 'shard '), right, middle - 0.3 * rem);
        pen.fillText(transport, right, middle + 1.2 * rem);
      } else pen.fillText(both ? transport : name.replace('shard-', 'shard '), right, middle + 0.4 * rem);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {number} place
   * @param {number} rem
   */
  #ring(pen, place, rem) {
    const spot = this.spotOf(place);
    if (!spot || !this.grid) return;
    const [x, y] = spot;
    const size = Math.max(this.grid.size / this.#ratio, 0.6 * rem);
    pen.fillStyle = this.palette.get('card');
    pen.fillRect(x - size / 2 - 3, y - size / 2 - 3, size + 6, size + 6);
    pen.fillStyle = this.palette.get('rogue');
    pen.fillRect(x - size / 2, y - size / 2, size, size);
    pen.strokeStyle = this.palette.get('danger');
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(x, y, Math.max(1.2 * rem, size * 0.85), 0, 7);
    pen.stroke();
  }

  /**
   * @param {number} x CSS pixels
   * @param {number} y
   */
  #wordsAt(x, y) {
    const { grid } = this;
    if (!grid || this.total === 0) return '';
    const found = squareAt(grid, (x - this.#left) * this.#ratio, (y - this.#top) * this.#ratio);
    if (!found) return '';
    const { band, index } = found;
    const shard = this.#match?.event?.shards[band.shard];
    const from = index * grid.each + 1;
    const to = Math.min(from + grid.each - 1, this.#shards[band.shard]);
    const who = to > from ? `Watchers ${format.count(from)}–${format.count(to)}` : `Watcher ${format.count(from)}`;
    const where = grid.bands.length > 1 && shard ? ` of ${shard.name} (${shard.transport})` : '';
    if (this.#behind.has(band.first + index)) return `${who}${where}: behind`;
    const due = this.#due[band.first + index];
    if (this.replay.event?.order === 'tasks')
      return `${grid.each > 1 ? 'Some watchers' : 'A watcher'}: its task wakes in no order`;
    return `${who}${where}: ${Number.isFinite(due) ? `has it after ${format.ms(due)}` : 'does not have it'}`;
  }
}

/** @param {Grid} grid @returns {Iterable<[band: Band, index: number]>} */
function* allSquares({ bands }) {
  for (const band of bands) for (let index = 0; index < band.squares; index += 1) yield [band, index];
}
