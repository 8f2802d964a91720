// @ts-check
// Where everything stands in the picture: side by side, or one above the other on a narrow screen.
//
// Responsible for: rectangles, and the paths that particles take, in tenths of a rem. What is drawn there
// is left to the parts.

/** @import { Box, Layout, Path, Spot } from './types.d.ts' */

const STACKED = 980; // a narrower picture is stacked, as style.css stacks the page
export const LANE = { most: 30, tenfold: 7.5 }; // how high a channel's water may stand

/**
 * @param {number} W
 * @param {number} H
 * @returns {Layout}
 */
export function layOut(W, H) {
  return W < STACKED ? stacked(W, H) : sideBySide(W, H);
}

/**
 * @param {number} W
 * @param {number} H
 * @returns {Layout}
 */
function sideBySide(W, H) {
  const k = W / 1248;
  const beds = [0, 1, 2].map((lane) => 54 + lane * (H > 420 ? 48 : 42));
  const floor = H - 24;
  const inlet = 122;
  const left = Math.max(230, 240 * k);
  const basin = box(left, beds[2], 612 * k - 72 - left, floor - beds[2]); // 72 to the cells: gate, pipe and asks
  const cells = box(612 * k, beds[2] + 18, 204 * k, floor - beds[2] - 18);
  const rack = box(Math.min(890 * k, W - 204 * k - 154), 14, 204 * k, floor - 14);
  const right = basin.x + basin.w;
  const outlet = { x: right, y: floor - 22, h: 44 };
  const manifold = cells.x - 30;
  const collector = cells.x + cells.w + 18;
  const middle = cells.y + cells.h / 2;
  const exits = { x: rack.x + rack.w, y: floor, done: floor - 74, failed: floor - 16 };
  const lip = beds[2] - 6;
  const trap = box(right - 92, floor, 36, 0);
  return {
    ...{ wide: true, W, H, beds, inlet, basin, cells, rack, outlet, manifold, collector, middle, exits, floor, trap },
    columns: [],
    lanes: beds.map((y, mode) => ({ x: inlet, y, to: mode === 2 ? basin.x : rack.x, mode })),
    yard: box(0, beds[2] + 14, basin.x - 14, floor - beds[2] - 14),
    paths: {
      lane: (mode, level) => [
        [inlet, beds[mode] - level / 2],
        [rack.x + 6, beds[mode] - level / 2],
      ],
      fall: (level, surface) => [
        [inlet, beds[2] - level / 2],
        [basin.x, lip],
        [basin.x + 14, lip + 3],
        [basin.x + 24, Math.max(surface, lip + 4)],
      ],
      bounce: () => [
        ...corners([basin.x - 30, lip], [basin.x - 6, lip], [basin.x - 22, lip - 10], [basin.x - 36, lip + 16]),
        ...corners([basin.x - 44, floor - 44], [basin.x - 100, floor - 20], [0, floor - 20]),
      ],
      spill: () => corners([basin.x - 60, lip], [basin.x - 16, lip], [basin.x - 13, lip + 14], [basin.x - 13, H]),
      trap: () => corners([trap.x + 21, floor - 60], [trap.x + 21, H + 6]),
      feed: (x, y) => corners([right - 10, outlet.y], [manifold, outlet.y], [manifold, y], [x, y]),
      ask: (x, y) => corners([x, y], [right + 22, y], [right + 22, outlet.y + 15], [right - 6, outlet.y + 15]),
      work: (x, y) => corners([x, y], [collector, y], [collector, middle], [rack.x + 4, middle]),
      done: () => corners([exits.x, exits.done], [W, exits.done]),
      failed: () => corners([exits.x, exits.failed], [W, exits.failed]),
    },
  };
}

/**
 * @param {number} W
 * @param {number} H
 * @returns {Layout}
 */
function stacked(W, H) {
  const basin = box(1.5, 96, W - 108, 190);
  const floor = basin.y + basin.h;
  const cells = box(40, floor + 74, W - 166, 180);
  const top = cells.y + cells.h + 76;
  const rack = box(1.5, top, W - 108, H - top - 36);
  const outlet = { x: 46, y: floor, h: 44 };
  const middle = cells.x + cells.w / 2;
  const exits = { x: rack.x + rack.w, y: rack.y + rack.h, done: rack.w * 0.2, failed: rack.w * 0.68 };
  const columns = [W - 62, W - 4];
  const collector = cells.x + cells.w + 12;
  return {
    ...{ wide: false, W, H, basin, cells, rack, outlet, exits, floor, columns, middle, collector },
    beds: [],
    inlet: 40,
    manifold: 16,
    trap: box(basin.w - 54, floor, 28, 0),
    yard: box(58, 40, basin.w - 60, 52),
    lanes: [
      ...columns.map((x, mode) => ({ x, y: 52, to: rack.y + 40 + mode * 26, end: rack.x + rack.w, mode })),
      { x: 40, y: 52, to: basin.y, mode: 2 },
    ],
    paths: {
      lane: (mode, level) => [
        [columns[mode] - level * 0.33, 52],
        [columns[mode] - level * 0.33, rack.y + 40 + mode * 26],
        [rack.x + rack.w, rack.y + 40 + mode * 26],
      ],
      fall: (_, surface) => corners([36, 52], [36, Math.max(surface, basin.y)]),
      bounce: () => corners([40, basin.y - 24], [40, basin.y - 4], [70, basin.y - 18], [190, basin.y - 12], [190, 40]),
      spill: () => corners([40, basin.y - 6], [basin.w + 8, basin.y - 6], [basin.w + 10, floor + 20]),
      trap: () => corners([basin.w - 40, floor - 50], [basin.w - 40, floor + 30]),
      feed: (x, y) => corners([outlet.x, floor - 8], [outlet.x, floor + 30], [16, floor + 30], [16, y], [x, y]),
      ask: (x, y) => corners([x, y], [4, y], [4, floor + 20], [outlet.x - 12, floor + 20], [outlet.x - 12, floor]),
      work: (x, y) =>
        corners([x, y], [collector, y], [collector, rack.y - 14], [middle, rack.y - 14], [middle, rack.y]),
      done: () => corners([exits.done, exits.y], [exits.done, H]),
      failed: () => corners([exits.failed, exits.y], [exits.failed, H]),
    },
  };
}

/** @returns {Box} */
const box = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) => ({
  ...{ x, y, w, h },
});

/** @param {...Spot} spots */
const corners = (...spots) => spots;

/**
 * The spot at a share of a path's length.
 * @param {Path} path
 * @param {number} share
 * @returns {Spot}
 */
export function along(path, share) {
  let left = share * lengthOf(path);
  for (let index = 1; index < path.length; index += 1) {
    const [[ax, ay], [bx, by]] = [path[index - 1], path[index]];
    const length = Math.hypot(bx - ax, by - ay);
    if (left <= length) {
      const part = length ? left / length : 0;
      return [ax + (bx - ax) * part, ay + (by - ay) * part];
    }
    left -= length;
  }
  return path[path.length - 1];
}

/** @param {Path} path */
export function lengthOf(path) {
  let sum = 0;
  for (let index = 1; index < path.length; index += 1) {
    sum += Math.hypot(path[index][0] - path[index - 1][0], path[index][1] - path[index - 1][1]);
  }
  return sum;
}

/**
 * How high the water stands in a channel: a step for each tenfold, so that 1, 10, 100 and 1,000 a second differ.
 * @param {number} rate
 */
export function level(rate) {
  return rate < 0.05 ? 0 : Math.min(LANE.most, Math.max(3, LANE.tenfold * (0.35 + Math.log10(1 + rate))));
}
