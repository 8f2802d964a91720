// @ts-check
// The three modes, in the order of the server's arrays.

/** @import { Mode, PerMode } from './snapshot.d.ts' */

/** @type {PerMode<Mode>} */
export const MODES = ['serial', 'async', 'pipelined'];

/**
 * One value for each mode.
 * @template T
 * @param {(mode: Mode, index: number) => T} get
 * @returns {PerMode<T>}
 */
export function perMode(get) {
  return [get('serial', 0), get('async', 1), get('pipelined', 2)];
}
