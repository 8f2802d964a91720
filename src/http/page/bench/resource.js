// @ts-check
// The resource: slots up to its limit, or a crowd on a fixed scale where there is none; ice while it is frozen.
//
// Responsible for: which mode each event inside is of, and what is too many. Red begins at ten times the pool.

import { COLOURS, fill, line, shape, triangle } from './brush.js';
import { Layer } from './layer.js';

/** @import { Box, Figures, Ink, Layout, Look, Spot } from './types.d.ts' */

const ZONES = [
  { from: 0, to: 10, columns: 10 },
  { from: 10, to: 100, columns: 15 },
  { from: 100, to: 1000, columns: 50 },
  { from: 1000, to: 10_000, columns: 150 },
];
const GAP = 15;
const ORDER = [2, 0, 1]; // from the foot: the pool, clients that wait, and what nothing holds back
const SLOTS_MOST = 2000; // a larger limit is drawn like none

/** @typedef {{ from: number, to: number, columns: number, dx: number, dy: number, foot: number, top: number }} Zone */

/**
 * Beyond this many inside, the resource is unprotected.
 * @param {Figures} f
 */
export const boundOf = (f) => Math.max(100, 10 * f.concurrency);

/** @param {Figures} f */
export const hasSlots = (f) => f.limit !== null && f.limit <= SLOTS_MOST;

/**
 * The zones of the open field: each holds ten times as many as the one below it.
 * @param {Box} rack
 * @returns {Zone[]}
 */
export function zones({ y, w, h }) {
  const heights = ZONES.map(({ from, to, columns }) => Math.ceil((to - from) / columns) / columns);
  const scale = (h - GAP * 3) / heights.reduce((a, b) => a + b, 0);
  const aspect = Math.min(2.2, scale / w);
  let foot = y + h;
  return ZONES.map((zone, index) => {
    const high = heights[index] * w * aspect;
    const dx = w / zone.columns;
    const made = { ...zone, dx, dy: dx * aspect, foot, top: foot - high };
    foot -= high + GAP;
    return made;
  });
}

export class Rack {
  #layer = new Layer();

  /**
   * @param {Ink} ink
   * @param {Layout} at
   * @param {Figures} f
   * @param {string | undefined} tone of the walls, if the resource is to blame
   */
  draw(ink, at, f, tone) {
    const { rack } = at;
    const key = `${f.limit} ${f.inside} ${boundOf(f)}`;
    this.#layer.draw(ink, rack, key, (onto) => {
      if (hasSlots(f)) slots(onto, rack, f.inside, f.limit ?? 1);
      else crowd(onto, rack, f.inside, boundOf(f));
    });
    const { x, y, w, h } = rack;
    line(ink, tone ?? 'edge', tone ? 3 : 2, [x, y], [x, y + h], [x + w, y + h], [x + w, y]);
    if (at.wide) door(ink, at, f.door);
    if (f.frozen !== null) ice(ink, rack);
  }
}

/**
 * A crowd on a fixed scale: the more are inside, the finer it is, and the fuller.
 * @param {Ink} ink
 * @param {Box} rack
 * @param {number[]} inside by mode
 * @param {number} bound
 */
function crowd(ink, rack, inside, bound) {
  for (const zone of zones(rack)) {
    fill(ink, 'pipe', 0.6, rack.x, zone.top, rack.w, zone.foot - zone.top);
    let start = 0;
    for (const mode of ORDER) {
      const stop = start + inside[mode];
      stretch(ink, rack.x, zone, mode, Math.max(zone.from, start), Math.min(zone.to, stop, bound));
      stretch(ink, rack.x, zone, mode, Math.max(zone.from, start, bound), Math.min(zone.to, stop), 'danger');
      start = stop;
    }
  }
}

/**
 * The marks from one place of a zone to another.
 * @param {Ink} ink
 * @param {number} x
 * @param {Zone} zone
 * @param {number} mode
 * @param {number} low
 * @param {number} high
 * @param {string} [colour]
 */
function stretch(ink, x, { from, columns, dx, dy, foot }, mode, low, high, colour = COLOURS[mode]) {
  if (high <= low) return;
  const { context: c } = ink;
  const coarse = columns < 20; // large enough to tell shapes apart
  const r = Math.min(dx, dy) * (coarse ? 0.32 : 0.37);
  c.fillStyle = ink.get(colour);
  c.beginPath();
  for (let index = Math.floor(low); index < high; index += 1) {
    const place = index - from;
    const cx = x + ((place % columns) + 0.5) * dx;
    const cy = foot - (Math.floor(place / columns) + 0.5) * dy;
    if (coarse && mode === 1) triangle(c, cx, cy, r * 0.95);
    else if (coarse && mode === 0) {
      c.moveTo(cx + r, cy);
      c.arc(cx, cy, r, 0, 7);
    } else c.rect(cx - r, cy - r, 2 * r, 2 * r);
  }
  c.fill();
}

/**
 * A rack with as many slots as the limit.
 * @param {Ink} ink
 * @param {Box} rack
 * @param {number[]} inside by mode
 * @param {number} limit
 */
function slots(ink, rack, inside, limit) {
  const { context: c } = ink;
  const ideal = Math.max(1, Math.round(Math.sqrt((limit * rack.w) / rack.h)));
  const fits = (/** @type {number} */ columns) => columns > 0 && limit % columns === 0;
  const columns = [ideal, ideal + 1, ideal + 2, ideal - 1].find(fits) ?? ideal; // full rows, where that is possible
  const rows = Math.ceil(limit / columns);
  const [dx, dy] = [rack.w / columns, Math.min(rack.h / rows, 60)];
  const least = Math.min(dx, dy);
  const r = Math.min(least / 2 - (least > 14 ? 5 : least * 0.1), 22);
  const order = ORDER.flatMap((mode) => /** @type {Look[]} */ (Array(inside[mode]).fill(mode)));
  for (let index = 0; index < limit; index += 1) {
    const x = rack.x + (index % columns) * dx + dx / 2;
    const y = rack.y + rack.h - Math.floor(index / columns) * dy - dy / 2;
    fill(ink, 'pipe', 0.8, x - r, y - r, 2 * r, 2 * r);
    c.strokeStyle = ink.get('edge');
    c.lineWidth = r < 5 ? 0.5 : 1;
    c.strokeRect(x - r, y - r, 2 * r, 2 * r);
    if (order[index] !== undefined) shape(ink, order[index], x, y, r * 0.78);
  }
}

/**
 * Events that a full resource keeps at its door, along the pipe.
 * @param {Ink} ink
 * @param {Layout} at
 * @param {number} waiting
 */
function door(ink, at, waiting) {
  const room = Math.floor((at.rack.x - at.collector - 8) / 7);
  for (let index = 0; index < Math.min(room, waiting); index += 1) {
    shape(ink, 2, at.rack.x - 8 - index * 7, at.middle, 2.8);
  }
}

/** @type {Spot[][]} in shares of the rack */
const CRACKS = [
  [
    [0, 0.12],
    [0.24, 0.2],
    [0.4, 0.06],
    [0.5, 0],
  ],
  [
    [0.24, 0.2],
    [0.2, 0.42],
    [0, 0.5],
  ],
  [
    [0.2, 0.42],
    [0.46, 0.3],
    [0.4, 0.06],
  ],
  [
    [0.46, 0.3],
    [0.76, 0.24],
    [1, 0.34],
  ],
  [
    [0.76, 0.24],
    [0.82, 0],
  ],
  [
    [0.2, 0.42],
    [0.16, 0.72],
    [0, 0.8],
  ],
  [
    [0.16, 0.72],
    [0.4, 0.86],
    [0.36, 1],
  ],
  [
    [0.4, 0.86],
    [0.62, 0.7],
    [0.86, 0.76],
    [1, 0.66],
  ],
  [
    [0.86, 0.76],
    [0.8, 1],
  ],
  [
    [0.76, 0.24],
    [0.9, 0.5],
    [0.86, 0.76],
  ],
];

/**
 * What stands still is ice.
 * @param {Ink} ink
 * @param {Box} rack
 */
function ice(ink, { x, y, w, h }) {
  const { context: c } = ink;
  fill(ink, 'frost', 0.62, x, y, w, h);
  c.globalAlpha = 0.75;
  for (const crack of CRACKS) {
    line(ink, 'ice', 1.1, ...crack.map(([u, v]) => /** @type {Spot} */ ([x + u * w, y + v * h])));
  }
  c.globalAlpha = 1;
  fill(ink, 'frost', 1, x + w / 2 - 62, y + 14, 124, 54);
  line(ink, 'ice', 3, [x, y], [x, y + h], [x + w, y + h], [x + w, y], [x, y]);
}
