// @ts-check
// How the bench's figures are written: short enough to be read from across a room.
//
// Responsible for: digits and units of rates, times, counts and shares. Tables have more digits (format.js).

const THIN = '\u202f';
const SEEN = 0.05; // a rate below this is none

/** @param {number} value */
export const whole = (value) => Math.round(value).toLocaleString('en');

/**
 * A rate: two digits below ten, whole numbers above, three digits from a thousand on.
 * @param {number} value
 */
export function rate(value) {
  if (value < SEEN) return '0';
  return value < 9.95
    ? String(Number(value.toPrecision(2)))
    : whole(value < 1000 ? value : Number(value.toPrecision(3)));
}

/**
 * A time in two digits; long ones in their two largest units.
 * @param {number | null | undefined} seconds
 */
export function time(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds < 0.0000995) return `${Number((seconds * 1e6).toPrecision(2))}${THIN}µs`;
  if (seconds < 0.0995) return `${Number((seconds * 1000).toPrecision(2))}${THIN}ms`;
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)}${THIN}ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)}${THIN}s`;
  return seconds < 99.5 ? `${Math.round(seconds)}${THIN}s` : long(seconds);
}

/**
 * A time in one unit, where there is little room.
 * @param {number} seconds
 */
export function brief(seconds) {
  if (seconds < 99.5 || seconds === 100) return seconds === 100 ? `100${THIN}s` : time(seconds);
  const [size, unit] = UNITS.find(([one]) => seconds >= one * 1.5) ?? [1, 's'];
  return `${Number((seconds / size).toPrecision(2))}${THIN}${unit}`;
}

/** @type {[size: number, unit: string][]} */
const UNITS = [
  [86400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/**
 * A long time in its two largest units.
 * @param {number} seconds
 */
export function long(seconds) {
  const first = UNITS.findIndex(([size]) => seconds >= size);
  if (first < 0) return `0${THIN}s`;
  const [size, unit] = UNITS[first];
  const next = UNITS[first + 1];
  const rest = next ? Math.floor((seconds % size) / next[0]) : 0;
  return `${Math.floor(seconds / size)}${THIN}${unit}${rest ? ` ${rest}${THIN}${next[1]}` : ''}`;
}

/** @param {number} value */
export function short(value) {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  return value >= 1000 ? `${Number((value / 1000).toPrecision(3))}k` : String(Number(value.toPrecision(3)));
}

/** @param {number} share */
export const percent = (share) => `${Math.round(share * 100)}${THIN}%`;

/**
 * How fast the queue grows, with a sign of a distinct shape; empty if it grows too slowly to matter.
 * @param {number} growth
 * @param {number} pace what growth is measured against
 * @param {string} word the verdict's. OVERLOADED shows growth, however slow; at the beginning of
 *   DRAINING, growth still describes the seconds before
 */
export function growing(growth, pace, word) {
  const least = word === 'OVERLOADED' ? SEEN : Math.max(0.4, 0.03 * pace);
  if (growth > least) return word === 'DRAINING' ? '' : `▲ +${rate(growth)}/s`;
  return growth < -least ? `▼ −${rate(-growth)}/s` : '';
}
