// @ts-check
// The ends and ticks of axes.
//
// Responsible for: round figures, and ends that stay still while the values hardly change.

/**
 * The end of an axis: 1.2, 2.4, 6 or 12 times a power of ten, so that its ticks are round.
 * @param {number} most
 */
export function topOf(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  const step = [1.2, 2.4, 6, 12].find((one) => most <= one * power) ?? 12;
  return step * power;
}

/**
 * The value that 98 % of the values do not exceed. After a stall, all overdue jobs end at once: this burst is cut off
 * at the top instead of flattening the rest of the minute.
 * @param {(number | null)[]} values
 */
export function usual(values) {
  const known = values.filter((value) => value !== null).toSorted((a, b) => a - b);
  return known[Math.floor(0.98 * (known.length - 1))] ?? 0;
}

/**
 * Round ticks from 0 to the first one that is not below `most`: two to five steps.
 * @param {number} most above 0
 */
export function ticksTo(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  const step = power * ([0.2, 0.5, 1, 2].find((one) => most <= 5 * one * power) ?? 2);
  const count = Math.max(1, Math.ceil(most / step - 1e-9));
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}
