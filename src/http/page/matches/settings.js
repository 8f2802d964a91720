// @ts-check
// Settings of the matches lab as lines of its configuration.
//
// Responsible for: what a rung's switch, and a whole climb, set. labs/settings.js sends it.

/** @import { Settings } from '../labs/settings.js' */
/** @import { Rung } from './types.d.ts' */

/**
 * What the switch of a rung sets. Off restores the values of rung 0.
 * @param {Rung[]} rungs
 * @param {number} number
 * @param {boolean} on
 * @returns {Settings}
 */
export function switched(rungs, number, on) {
  const own = rungs.find(({ rung }) => rung === number)?.settings ?? {};
  const first = rungs.find(({ rung }) => rung === 0)?.settings ?? {};
  if (on) return own;
  return Object.fromEntries(Object.keys(own).flatMap((key) => (key in first ? [[key, first[key]]] : [])));
}

/**
 * What a climb to a rung sets: it and all below it are on, all above it off.
 * @param {Rung[]} rungs
 * @param {number} to
 * @returns {Settings}
 */
export function climbed(rungs, to) {
  const steps = rungs.filter(({ rung }) => rung <= to).toSorted((a, b) => a.rung - b.rung);
  return Object.assign({}, ...steps.map(({ settings }) => settings));
}
