// @ts-check
// The band of response times in the score.
//
// Responsible for: p50 and p99 on the heat map, and the age of the oldest event while nothing finishes.
// Queueing shows as a rising band. heat.js draws the map itself.

import { COLOURS } from './brush.js';
import { decades } from './pen.js';
import { brief } from './say.js';

/** @import { Band, X } from './bands.js' */
/** @import { Heat } from './heat.js' */
/** @import { Pen } from './pen.js' */
/** @import { End, ScoreRow, Spot } from './types.d.ts' */

const LOW_S = 0.0001; // response times that the scale can show
const RECENT_S = 5;
const GAP_S = 2; // lines do not cross a longer gap

/**
 * @param {Pen} pen
 * @param {ScoreRow[]} rows
 * @param {X} x
 * @param {Band} band
 * @param {[t: number, seconds: number][]} oldest ages of the oldest event inside
 * @param {Heat} heat
 */
export function response(pen, rows, x, band, oldest, heat) {
  const [top, bottom] = band;
  const [low, high] = reach(rows, oldest);
  const place = (/** @type {number} */ s) =>
    (Math.log(Math.min(high, Math.max(low, s))) - Math.log(low)) / Math.log(high / low);
  const scale = { low, high, y: (/** @type {number} */ s) => bottom - (bottom - top) * place(s) };
  pen.ticks(scale, (s) => brief(s).replace('.0', ''), decades(high, low));
  pen.title('Response', 'from arrival to the end of the work: darker is more', top);
  const tint = COLOURS[rows[rows.length - 1].mode];
  heat.draw(pen, rows, x, scale, band, tint);
  const columns = smooth(rows);
  const line = (/** @type {'p50' | 'p99'} */ name) =>
    columns.flatMap((column, index) => {
      const gap = index > 0 && column.from - columns[index - 1].to > GAP_S;
      return [
        ...(gap ? [null] : []),
        /** @type {Spot} */ ([x((column.from + column.to) / 2), scale.y(column[name] / 1000)]),
      ];
    });
  pen.line('ink', 1.6, line('p50'));
  pen.line('ink', 1.2, line('p99'), [4, 3]);
  const now = rows[rows.length - 1].t;
  const recent = recently(rows, now);
  /** @type {End[]} */
  const ends = recent
    ? [
        [scale.y(recent.p99 / 1000), `${brief(recent.p99 / 1000)} p99`, 'ink'],
        [scale.y(recent.p50 / 1000), `${brief(recent.p50 / 1000)} p50`, 'ink'],
      ]
    : [];
  // What has not finished has no response time yet, only an age.
  const age = oldest.at(-1)?.[1] ?? 0;
  const usual = (columns.at(-1)?.p99 ?? 0) / 1000;
  if (age > 1.5 * usual && age > 1) {
    const dotted = oldest.map(([t, s]) =>
      s > 1.3 * usual && t >= rows[0].t ? /** @type {Spot} */ ([x(t), scale.y(s)]) : null,
    );
    pen.line('danger', 1.6, dotted, [1.5, 2.5]);
    ends.unshift([scale.y(age), `${brief(age)} old`, 'danger']);
  }
  pen.ends(ends, band);
}

/**
 * The scale of the response times: from the decade below the shortest to the one above the longest.
 * @param {ScoreRow[]} rows
 * @param {[number, number][]} oldest
 */
function reach(rows, oldest) {
  let [low, high] = [Infinity, 0];
  for (const { p50, p99 } of rows) {
    if (p50 !== null && p50 < low) low = p50;
    if (p99 !== null && p99 > high) high = p99;
  }
  const age = (oldest.at(-1)?.[1] ?? 0) * 1000;
  if (!high) return [0.1, 10];
  const bottom = Math.max(LOW_S, 10 ** Math.floor(Math.log10(low / 1000 / 1.6)));
  const top = 10 ** Math.ceil(Math.log10((Math.max(high, age) / 1000) * 1.1));
  return [bottom, Math.max(top, bottom * 100)];
}

/**
 * The median of each second, or of more where a second would be too narrow.
 * @param {ScoreRow[]} rows
 */
function smooth(rows) {
  const span = Math.max(4, Math.ceil(rows.length / 160));
  const columns = [];
  for (let start = 0; start < rows.length; start += span) {
    const part = rows.slice(start, start + span).filter(({ p50 }) => p50 !== null);
    if (!part.length) continue;
    columns.push({
      from: part[0].t - 0.25,
      to: part[part.length - 1].t,
      p50: middle(part, 'p50'),
      p99: middle(part, 'p99'),
    });
  }
  return columns;
}

/**
 * @param {ScoreRow[]} part
 * @param {'p50' | 'p99'} name
 */
function middle(part, name) {
  const values = part.map((row) => row[name] ?? 0).sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)];
}

/**
 * @param {ScoreRow[]} rows
 * @param {number} now
 */
export function recently(rows, now) {
  const part = rows.filter(({ t, p50 }) => p50 !== null && t > now - RECENT_S);
  return part.length ? { p50: middle(part, 'p50'), p99: middle(part, 'p99') } : null;
}
