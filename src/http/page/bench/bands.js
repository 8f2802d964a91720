// @ts-check
// Two bands of the score: rates, and the depth of the queue.
//
// Responsible for: what each shows. The area between what was let in and what came out is the backlog; what
// was not let in is hatched. Response times are in response.js.

import { COLOURS } from './brush.js';
import { decades, PAD } from './pen.js';
import { rate, short, whole } from './say.js';

/** @import { Figures, ScoreRow, Spot } from './types.d.ts' */
/** @import { Pen } from './pen.js' */

/** @typedef {[top: number, bottom: number]} Band */
/** @typedef {(t: number) => number} X */

const GAP_S = 2; // lines and areas do not cross a longer gap

/**
 * @param {Pen} pen
 * @param {ScoreRow[]} rows
 * @param {X} x
 * @param {Band} band
 * @param {Figures} f
 * @param {boolean} isLog
 */
export function rates(pen, rows, x, band, f, isLog) {
  const most = rows.reduce((high, { arrived, out }) => Math.max(high, arrived, out), 0);
  const scale = pen.scaleOf(band, most, 4, isLog);
  pen.ticks(scale, short, isLog ? decades(scale.high) : [0, scale.high / 2, scale.high]);
  pen.title('In and out', 'a second; the area between is the backlog', band[0]);
  const area = areaOf(pen, rows, x, scale.y);
  area(
    (row) => row.accepted,
    (row) => row.out,
    'danger',
    0.3,
  );
  area(
    (row) => row.out,
    (row) => row.accepted,
    'pipelined',
    0.2,
  );
  area(
    (row) => row.arrived,
    (row) => row.accepted,
    'hatch',
    0.9,
  );
  const spots = (/** @type {(row: ScoreRow) => number} */ read) => joined(rows, x, (row) => scale.y(read(row)));
  pen.line(
    'ink',
    2,
    spots(({ out }) => out),
  );
  const tint = COLOURS[rows[rows.length - 1].mode];
  pen.line(
    tint,
    1.8,
    spots(({ arrived }) => arrived),
  );
  const last = rows[rows.length - 1];
  const arriving = f.arriving[0] + f.arriving[1] + f.arriving[2];
  pen.ends(
    [
      [scale.y(last.arrived), `${rate(arriving)}/s in`, tint],
      [scale.y(last.out), `${rate(f.done + f.failed)}/s out`, 'ink'],
    ],
    band,
  );
}

/**
 * Fills where one line is above another. All parts are filled at once, so that there are no seams.
 * @param {Pen} pen
 * @param {ScoreRow[]} rows
 * @param {X} x
 * @param {(value: number) => number} y
 */
function areaOf(pen, rows, x, y) {
  const { context: c } = pen;
  return (
    /** @type {(row: ScoreRow) => number} */ upper,
    /** @type {(row: ScoreRow) => number} */ lower,
    /** @type {string} */ colour,
    /** @type {number} */ alpha,
  ) => {
    c.fillStyle = (colour === 'hatch' ? pen.hatch() : null) ?? pen.get(colour === 'hatch' ? 'danger' : colour);
    c.globalAlpha = alpha;
    c.beginPath();
    for (let index = 1; index < rows.length; index += 1) {
      const [a, b] = [rows[index - 1], rows[index]];
      if (upper(b) <= lower(b) || b.t - a.t > GAP_S) continue;
      c.moveTo(x(a.t), y(Math.max(upper(a), lower(a))));
      c.lineTo(x(b.t), y(upper(b)));
      c.lineTo(x(b.t), y(lower(b)));
      c.lineTo(x(a.t), y(lower(a)));
    }
    c.fill();
    c.globalAlpha = 1;
  };
}

/**
 * @param {Pen} pen
 * @param {ScoreRow[]} rows
 * @param {X} x
 * @param {Band} band
 * @param {Figures} f
 * @param {boolean} isLog
 */
export function depth(pen, rows, x, band, f, isLog) {
  const { context: c } = pen;
  const most = rows.reduce((high, row) => Math.max(high, row.depth), 0);
  const nearFull = most > f.capacity * 0.4;
  const scale = pen.scaleOf(band, nearFull ? f.capacity / 1.08 : most, 10, isLog);
  pen.ticks(scale, short, [0, nearFull ? f.capacity : scale.high]);
  pen.title('Queue', 'events that wait', band[0]);
  const spots = joined(rows, x, (row) => scale.y(row.depth));
  c.fillStyle = pen.get('pipelined');
  c.globalAlpha = 0.18;
  c.beginPath();
  c.moveTo(x(rows[0].t), scale.y(0));
  for (const spot of spots) if (spot) c.lineTo(...spot);
  c.lineTo(x(rows[rows.length - 1].t), scale.y(0));
  c.fill();
  c.globalAlpha = 1;
  if (f.capacity <= scale.high) {
    const y = scale.y(f.capacity);
    pen.line(
      'danger',
      1.4,
      [
        [PAD.left, y],
        [pen.right, y],
      ],
      [6, 4],
    );
  }
  pen.line('pipelined', 1.8, spots);
  pen.ends([[scale.y(f.depth), `${whole(f.depth)} wait`, 'pipelined']], band);
}

/**
 * A line through all rows, broken at gaps.
 * @param {ScoreRow[]} rows
 * @param {X} x
 * @param {(row: ScoreRow) => number} y
 * @returns {(Spot | null)[]}
 */
function joined(rows, x, y) {
  /** @type {(Spot | null)[]} */
  const spots = [];
  rows.forEach((row, index) => {
    if (index && row.t - rows[index - 1].t > GAP_S) spots.push(null);
    spots.push([x(row.t), y(row)]);
  });
  return spots;
}
