// @ts-check
// The channels and the basin: what arrives, what waits, and what a full queue does with the next event.
//
// Responsible for: the water in them, the walls, the gate in the basin's wall, and the lens that enlarges
// the foot of a nearly empty basin.

import { COLOURS, fill, line, shade } from './brush.js';
import { LANE, level } from './layout.js';

/** @import { Box, Figures, Ink, Lane, Layout } from './types.d.ts' */

const SEEN = 0.05; // a rate below this is none

/**
 * An open channel: its bed, and water as high as requests arrive.
 * @param {Ink} ink
 * @param {Lane} lane
 * @param {number} rate
 * @param {boolean} wide
 */
export function channel(ink, lane, rate, wide) {
  const { x, y, to, mode, end } = lane;
  const high = level(rate);
  const colour = COLOURS[mode];
  if (wide) {
    fill(ink, colour, 0.2, x, y - high, to - x, high);
    if (high) line(ink, colour, 1.5, [x, y - high], [to, y - high]);
    line(ink, 'edge', high ? 1.5 : 1, [x, y], [to, y]);
    for (const decade of [1, 10, 100, 1000]) line(ink, 'edge', 1, [x - 5, y - level(decade)], [x, y - level(decade)]);
    line(ink, 'edge', 1, [x, y], [x, y - LANE.most]);
    return;
  }
  const across = high * 0.66;
  fill(ink, colour, 0.2, x - across, y, across, to - y);
  if (high) line(ink, colour, 1.5, [x - across, y], [x - across, to]);
  if (end !== undefined) line(ink, 'edge', 1.5, [x, y], [x, to], [end, to]);
  else line(ink, 'edge', 1.5, [x, y], [x, to]);
}

/**
 * The basin, linear to its capacity. Returns the height of the surface.
 * @param {Ink} ink
 * @param {Layout} at
 * @param {Figures} f
 * @param {object} how
 * @param {number} how.depth as shown: it glides from one snapshot to the next
 * @param {boolean} how.full
 * @param {string | undefined} how.tone of the walls, if the basin is to blame
 * @param {number | null} how.now the time that waves go by, or null for still water
 * @returns {number}
 */
export function basin(ink, at, f, { depth, full, tone, now }) {
  const { y, h } = at.basin;
  const bottom = y + h;
  const high = depth > 0 ? Math.max(2, h * Math.min(1, depth / f.capacity)) : 0;
  const surface = bottom - high;
  if (high)
    water(ink, at.basin, surface, full ? (tone ?? 'danger') : 'pipelined', full ? 3 : 2.2, high > 3 ? now : null);
  const rate = f.arriving[2];
  if (at.wide) {
    if (!full) fall(ink, at.basin, level(rate), Math.min(bottom, surface + 2));
    overflow(ink, at, f, surface);
  } else {
    const wide = level(rate) * 0.66;
    if (!full) fill(ink, 'pipelined', 0.2, 40 - wide, y, wide, Math.max(0, surface - y));
    if (oldestLost(f) > SEEN) fill(ink, 'danger', 0.35, at.trap.x, bottom - 40, at.trap.w, 70);
  }
  walls(ink, at, f, tone);
  return surface;
}

/**
 * Deep water is old water, and darker.
 * @param {Ink} ink
 * @param {Box} basin
 * @param {number} surface
 * @param {string} colour
 * @param {number} width
 * @param {number | null} now
 */
function water(ink, { x, y, w, h }, surface, colour, width, now) {
  const { context: c } = ink;
  const wave = (/** @type {number} */ px) =>
    now === null ? 0 : Math.sin(px / 17 + now / 420) * 0.9 + Math.sin(px / 7 - now / 310) * 0.5;
  const trace = (/** @type {number} */ least) => {
    for (let px = 0; px <= w; px += 6) c.lineTo(x + px, Math.max(least, surface + wave(px)));
    c.lineTo(x + w, Math.max(least, surface + wave(w)));
  };
  const gradient = c.createLinearGradient(0, y, 0, y + h);
  gradient.addColorStop(0, shade(ink, 'pipelined', 0.14));
  gradient.addColorStop(1, shade(ink, 'pipelined', 0.4));
  c.fillStyle = gradient;
  c.beginPath();
  c.moveTo(x, y + h);
  trace(y);
  c.lineTo(x + w, y + h);
  c.fill();
  c.strokeStyle = ink.get(colour);
  c.lineWidth = width;
  c.beginPath();
  trace(y + 1);
  c.stroke();
}

/**
 * What falls over the lip.
 * @param {Ink} ink
 * @param {Box} basin
 * @param {number} high
 * @param {number} foot
 */
function fall(ink, { x, y }, high, foot) {
  const thick = high * 0.8;
  if (!thick) return;
  const { context: c } = ink;
  c.fillStyle = ink.get('pipelined');
  c.globalAlpha = 0.2;
  c.beginPath();
  c.moveTo(x, y - high);
  c.bezierCurveTo(x + 14 + thick, y - high, x + 18 + thick, y + 8, x + 18 + thick, foot);
  c.lineTo(x + 18, foot);
  c.bezierCurveTo(x + 18, y + 14, x + 10, y, x, y);
  c.fill();
  c.globalAlpha = 1;
}

/** @param {Figures} f */
const oldestLost = ({ policy, dropped }) => (policy === 'drop_oldest' ? dropped : 0);
/** @param {Figures} f */
const newestLost = ({ policy, dropped }) => (policy === 'drop_newest' ? dropped : 0);

/**
 * What a full basin loses, where it loses it: over the rim, or by the trap in its floor.
 * @param {Ink} ink
 * @param {Layout} at
 * @param {Figures} f
 * @param {number} surface
 */
function overflow(ink, at, f, surface) {
  const { x, y, h } = at.basin;
  const newest = newestLost(f);
  if (f.refused + newest > SEEN || f.waiting > 0) line(ink, 'edge', 1, [0, at.floor], [x, at.floor]);
  if (newest > SEEN) {
    const wide = 6 + level(newest) * 0.7;
    fill(ink, 'danger', 0.2, x - 4 - wide, y - 4, wide, at.H - y + 4);
    line(ink, 'danger', 1.5, [x - 4 - wide, y - 4], [x - 4 - wide, at.H]);
  }
  if (oldestLost(f) <= SEEN) return;
  const { context: c } = ink; // a funnel, out of the oldest layer
  const top = Math.max(surface, y + h - 64);
  const [left, right] = [at.trap.x + 6, at.trap.x + at.trap.w];
  const gradient = c.createLinearGradient(0, top, 0, y + h);
  gradient.addColorStop(0, shade(ink, 'danger', 0));
  gradient.addColorStop(1, shade(ink, 'danger', 0.55));
  c.fillStyle = gradient;
  c.beginPath();
  c.moveTo(left - 26, top);
  c.quadraticCurveTo(left, y + h - 20, left, y + h);
  c.lineTo(right, y + h);
  c.quadraticCurveTo(right, y + h - 20, right + 26, top);
  c.fill();
  fill(ink, 'danger', 0.4, left, y + h, right - left, at.H - y - h);
}

/**
 * Walls, with a gate in the right one (or in the floor), and a trap under `drop_oldest`.
 * @param {Ink} ink
 * @param {Layout} at
 * @param {Figures} f
 * @param {string | undefined} tone
 */
function walls(ink, at, f, tone) {
  const { x, y, w, h } = at.basin;
  const bottom = y + h;
  const colour = tone ?? 'edge';
  const thick = tone ? 3 : 2;
  if (!at.wide) {
    line(ink, colour, thick, [x + 70, bottom], [x + w, bottom], [x + w, y - 6]);
    line(ink, colour, thick, [x, y], [x, bottom], [x + 22, bottom]);
    return;
  }
  const trap = f.policy === 'drop_oldest' ? at.trap : { x: x + w, w: 0 };
  line(ink, colour, thick, [x, y], [x, bottom], [trap.x, bottom]);
  line(ink, colour, thick, [trap.x + trap.w, bottom], [x + w, bottom]);
  const open = oldestLost(f) > SEEN;
  if (trap.w) line(ink, colour, thick, [trap.x, bottom], open ? [trap.x + 5, bottom + 17] : [trap.x + trap.w, bottom]);
  line(ink, colour, thick, [x + w, y - 8], [x + w, bottom - 44]);
  for (const share of [0, 0.5, 1]) line(ink, 'edge', 1, [x + w - 6, bottom - h * share], [x + w, bottom - h * share]);
}

/**
 * A plate in the wall: up when it is open, down and barred when it is shut.
 * @param {Ink} ink
 * @param {Layout} at
 * @param {boolean} shut
 */
export function gate(ink, at, shut) {
  const { x, y, h } = at.outlet;
  const colour = shut ? 'hold' : 'edge';
  if (!at.wide) return fill(ink, colour, 1, shut ? x - 24 : x + 24, y - 3.5, shut ? 48 : 34, 7);
  const top = y - h / 2;
  fill(ink, colour, 1, x - 3.5, shut ? top : top - 34, 7, shut ? h : 34);
  if (!shut) return;
  fill(ink, 'ground', 1, x + 4, top + 8, 26, 28);
  fill(ink, 'hold', 1, x + 11, top + 10, 6, 24);
  fill(ink, 'hold', 1, x + 22, top + 10, 6, 24);
}

/**
 * The foot of a nearly empty basin, enlarged: the lowest hundred events, or ten times as many. Returns its frame.
 * @param {Ink} ink
 * @param {Layout} at
 * @param {number} depth
 * @param {number} each events that a square stands for
 * @returns {Box}
 */
export function lens(ink, at, depth, each) {
  const { context: c } = ink;
  const { x, y, w, h } = at.basin;
  const columns = 25;
  const pitch = Math.min(10, (w - 72) / columns);
  const frame = { x: x + w - 20 - columns * pitch, y: y + h - 44 - 4 * pitch, w: columns * pitch, h: 4 * pitch };
  c.fillStyle = ink.get('pipelined');
  c.globalAlpha = 0.06;
  c.beginPath();
  c.moveTo(frame.x - 4, frame.y + frame.h + 4);
  c.lineTo(frame.x + frame.w + 4, frame.y + frame.h + 4);
  c.lineTo(x + w, y + h - 2);
  c.lineTo(x, y + h - 2);
  c.fill();
  c.globalAlpha = 1;
  const filled = Math.min(100, Math.ceil(depth / each));
  for (const full of [false, true]) {
    c.beginPath();
    for (let index = full ? 0 : filled; index < (full ? filled : 100); index += 1) {
      const cx = frame.x + frame.w - ((index % columns) + 1) * pitch;
      const cy = frame.y + frame.h - (Math.floor(index / columns) + 1) * pitch;
      c.rect(cx + 1, cy + 1, pitch - 2, pitch - 2);
    }
    c.fillStyle = ink.get(full ? 'pipelined' : 'pipe');
    c.fill();
  }
  return frame;
}
