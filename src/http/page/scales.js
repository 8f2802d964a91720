// @ts-check
// The scales of values: which values a chart reaches up to, where each is placed, and the ticks.
//
// Responsible for: which series were used, linear scales, and logarithmic ones with or without a place
// for zero.

/** @import { Options, Place, Scale, Series } from './charts.d.ts' */

const SHORTEST_MS = 0.001; // the server tells times apart to a microsecond

/**
 * The series to be drawn. A mode that was not used in these rows takes no ink: neither a line at zero nor
 * a read-out. A time of zero is one that was too short to be measured.
 * @template {Place} R
 * @param {Pick<Options<R>, 'scale' | 'series'>} options
 * @param {R[]} rows
 * @returns {Series<R>[]}
 */
export function used({ scale, series }, rows) {
  const something = (/** @type {number | null} */ value) => value !== null && (scale === 'log' || value > 0);
  const found = series.filter((one) => one.always || rows.some((row) => something(one.get(row))));
  const names = new Set(found.map((one) => one.name));
  return series.filter((one) => names.has(one.name));
}

/**
 * The scale for the series of a chart.
 * @template {Place} R
 * @param {Pick<Options<R>, 'scale' | 'reference' | 'tight'>} options
 * @param {Series<R>[]} shown
 * @param {R[]} rows
 * @returns {Scale}
 */
export function scaleOf({ scale, reference, tight }, shown, rows) {
  let low = Infinity; // of what is above zero
  let least = Infinity;
  let high = 0;
  for (const one of shown) {
    for (const row of rows) {
      const value = one.get(row);
      if (value === null) continue;
      if (value > high) high = value;
      if (value < least) least = value;
      if (value > 0 && value < low) low = value;
    }
  }
  // A limit far above the data would flatten it; it is then named in the read-out only.
  const limit = reference?.get();
  if (limit && limit <= high * 3) high = Math.max(high, limit);
  if (scale === 'linear') return linear(high);
  // Counts and rates have a place for zero always, times where one was too short to be measured.
  const counts = scale === 'log0';
  const zero = counts || least < SHORTEST_MS;
  return logarithmic(Math.min(low, high), high, { unit: counts ? 1 : SHORTEST_MS, zero, tight });
}

/**
 * @param {number} max the largest value
 * @returns {Scale}
 */
export function linear(max) {
  const high = Math.max(max, 4);
  const step = nice(high / 4);
  const top = Math.ceil(high / step) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  return { high: top, ticks, place: (value) => value / top };
}

/**
 * A scale that starts close to the data: at the 1, 2 or 5 times a power of ten below the least value.
 * A logarithm has no zero, so values below the unit have a strip at the foot, if `zero` asks for it.
 * No value is placed on a tick that is above it.
 *
 * @param {number} min the least value above zero
 * @param {number} max the largest value
 * @param {object} options
 * @param {number} options.unit the smallest value that is measured
 * @param {boolean} [options.zero] whether there is a strip for values below the unit
 * @param {boolean} [options.tight] whether the scale may be shorter than a decade, with room on both sides
 * @returns {Scale}
 */
export function logarithmic(min, max, { unit, zero = false, tight = false }) {
  const room = tight ? 1.03 : 1;
  const low = zero ? unit : Math.max(unit, nice(Math.max(unit, min || 1) / room, 'down'));
  const high = Math.max(nice(max * room), low * (tight ? 2 : 10));
  const foot = zero ? 0.12 : 0;
  /** @param {number} value */
  const place = (value) => {
    if (value < low) return foot * (value / low);
    return foot + (1 - foot) * (Math.log(value / low) / Math.log(high / low));
  };
  const ticks = zero ? [0, low] : [low]; // the foot of the axis is always labelled
  const decades = Math.log10(high / low);
  const factors = decades > 2 ? [1] : decades > 1.2 ? [1, 5] : decades > 0.75 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 7];
  const stride = Math.ceil(decades / 5);
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += stride) {
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (place(value) > foot + 0.1 && value <= high * 1.001) ticks.push(value);
    }
  }
  return { high, ticks, place };
}

/**
 * The next 1, 2 or 5 times a power of ten, above or below.
 * @param {number} value
 * @param {'up' | 'down'} [way]
 */
export function nice(value, way = 'up') {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  const steps = way === 'up' ? [1, 2, 5, 10] : [10, 5, 2, 1];
  /** @param {number} step */
  const fits = (step) => (way === 'up' ? step * power >= value * 0.999 : step * power <= value * 1.001);
  return (steps.find(fits) ?? 1) * power;
}
