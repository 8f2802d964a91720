// @ts-check
// The consumers: a sluice each, up to sixty; a field in the order of their progress beyond.
//
// Responsible for: how far each event is, who asks, what was prefetched, and the pipes to and from them.

import { brackets, fill, hand, line, shape } from './brush.js';
import { Layer } from './layer.js';
import { level } from './layout.js';

/** @import { ConsumerCell } from '../snapshot.d.ts' */
/** @import { Box, Figures, Ink, Layout, Path, Spot } from './types.d.ts' */

export const CELLS_MOST = 60;
const FIELD_MOST = 1000; // marks in the field; with more consumers a mark is several
const ROWS_MOST = 12;

/** @typedef {{ x: number, y: number, w: number, h: number, column: number, columns: number }} Row */

/**
 * Where each of `count` sluices is.
 * @param {Layout} at
 * @param {number} count
 * @returns {(index: number) => Row}
 */
export function rowsOf(at, count) {
  const { x, y, w, h } = at.cells;
  const shown = Math.max(1, Math.min(count, CELLS_MOST));
  const columns = Math.ceil(shown / ROWS_MOST);
  const used = Math.ceil(shown / columns);
  const pitch = Math.min(columns > 1 ? 18 : 34, h / used);
  const top = y + (h - used * pitch) / 2;
  const gap = 20;
  const wide = (w - gap * (columns - 1)) / columns;
  return (index) => {
    const cell = index % (used * columns);
    const column = Math.floor(cell / used);
    return {
      ...{ column, columns, w: wide, h: Math.min(24, pitch * 0.74) },
      x: x + column * (wide + gap),
      y: top + ((cell % used) + 0.5) * pitch,
    };
  };
}

export class Sluices {
  #layer = new Layer();

  /**
   * @param {Ink} ink
   * @param {Layout} at
   * @param {Figures} f
   * @param {object} how
   * @param {string | undefined} how.tone of the corners, if the consumers are to blame
   * @param {number} how.since milliseconds since the figures were taken
   */
  draw(ink, at, f, { tone, since }) {
    const { cells } = at;
    if (tone) brackets(ink, tone, cells.x - 26, cells.y - 3, cells.w + 34, cells.h + 6);
    const isField = f.cells.length === 0 && f.concurrency > 0;
    const row = rowsOf(at, f.cells.length);
    const last = Math.min(f.cells.length, ROWS_MOST) - 1;
    const [top, foot] = isField ? [cells.y + 8, cells.y + cells.h - 8] : [row(0).y, row(Math.max(0, last)).y];
    pipes(ink, at, f, top, foot);
    if (isField) {
      const counts = progress(f);
      this.#layer.draw(ink, cells, counts.join(), (onto) => field(onto, cells, counts));
      return;
    }
    if (at.wide) for (let index = 0; index < f.cells.length; index += 1) spur(ink, at, row(index));
    const gone = f.frozen === null ? since / 1000 : 0;
    for (const [index, cell] of f.cells.entries()) sluice(ink, row(index), cell, f.service, gone);
  }
}

/**
 * @param {Ink} ink
 * @param {Layout} at
 * @param {Figures} f
 * @param {number} top
 * @param {number} foot
 */
function pipes(ink, at, f, top, foot) {
  const { outlet, manifold, collector, middle, rack } = at;
  const { context: c } = ink;
  c.lineJoin = 'round';
  const low = outlet.y + 30;
  /** @type {Path[]} */
  const all = at.wide
    ? [
        spots([outlet.x, outlet.y], [manifold, outlet.y], [manifold, top]),
        spots([collector, top], [collector, Math.max(foot, middle)]),
        spots([collector, middle], [rack.x, middle]),
      ]
    : [
        spots([outlet.x, outlet.y], [outlet.x, low], [manifold, low], [manifold, foot]),
        spots([collector, top], [collector, rack.y - 14], [middle, rack.y - 14], [middle, rack.y]),
      ];
  for (const pipe of all) line(ink, 'pipe', 7, ...pipe);
  if (at.wide) line(ink, 'line', 1.2, ...at.paths.ask(manifold - 15, top));
  if (f.fed < 0.05) return;
  c.globalAlpha = 0.35;
  for (const pipe of all) line(ink, 'pipelined', Math.min(7, level(f.fed) / 3), ...pipe);
  c.globalAlpha = 1;
}

/** @param {...Spot} all */
const spots = (...all) => all;

/**
 * The short pipes to a sluice from the manifold, and from it to the collector.
 * @param {Ink} ink
 * @param {Layout} at
 * @param {Row} row
 */
function spur(ink, at, { x, y, w, column, columns }) {
  if (column === 0) line(ink, 'pipe', 4, [at.manifold, y], [x - 1, y]);
  if (column === columns - 1) line(ink, 'pipe', 4, [x + w + 1, y], [at.collector, y]);
}

/**
 * One consumer: filled from the left as its event gets older; an open circle while it asks.
 * @param {Ink} ink
 * @param {Row} row
 * @param {ConsumerCell} cell
 * @param {number} service the mean service time
 * @param {number} gone seconds since the ages were taken
 */
function sluice(ink, { x, y, w, h }, cell, service, gone) {
  const top = y - h / 2;
  if (cell.age_ms === null) {
    line(ink, 'edge', 1.2, [x, top + 0.6], [x + w, top + 0.6], [x + w, top + h - 0.6], [x, top + h - 0.6]);
    hand(ink, x - 12, y);
  } else {
    fill(ink, 'pipelined', 0.2, x, top, w, h);
    if (cell.at_door) shape(ink, 2, x + w - 6, y, Math.min(4, h / 2.6));
    else {
      const share = service > 0 ? Math.min(1, (cell.age_ms / 1000 + gone) / service) : 1;
      fill(ink, 'pipelined', 0.9, x, top, Math.max(2, w * share), h);
    }
  }
  for (let place = 0; place < Math.min(3, cell.held); place += 1) shape(ink, 2, x - 9 - place * 7, y, 2.6);
}

/**
 * How many marks of the field are idle, and in each eighth of their progress.
 * @param {Figures} f
 * @returns {number[]}
 */
function progress(f) {
  const ages = f.ages ?? [0, 0, 0, 0, 0, 0, 0, 0];
  const busy = ages.reduce((sum, count) => sum + count, 0);
  const each = Math.ceil(Math.max(f.concurrency, busy) / FIELD_MOST);
  return [Math.max(0, f.concurrency - busy), ...ages].map((count) => Math.round(count / each));
}

/**
 * A field of consumers in the order of their progress, idle ones in front.
 * @param {Ink} ink
 * @param {Box} box
 * @param {number[]} counts
 */
function field(ink, { x, y, w, h }, counts) {
  const { context: c } = ink;
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (!total) return;
  const rows = Math.max(1, Math.floor(Math.sqrt((total * h) / w)));
  const columns = Math.ceil(total / rows);
  const [dx, dy] = [w / columns, h / rows];
  let index = rows * columns - total; // the ragged edge is in front
  counts.forEach((count, step) => {
    c.beginPath();
    for (const end = index + count; index < end; index += 1) {
      const [cx, cy] = [x + Math.floor(index / rows) * dx, y + (index % rows) * dy];
      if (step) c.rect(cx + 0.6, cy + 0.6, dx - 1.2, dy - 1.2);
      else {
        c.moveTo(cx + dx * 0.8, cy + dy / 2);
        c.arc(cx + dx / 2, cy + dy / 2, Math.min(dx, dy) * 0.3, 0, 7);
      }
    }
    c.globalAlpha = step ? 0.2 + step * 0.1 : 1;
    c.fillStyle = ink.get('pipelined');
    c.strokeStyle = ink.get('edge');
    c.lineWidth = 0.9;
    if (step) c.fill();
    else c.stroke();
    c.globalAlpha = 1;
  });
}
