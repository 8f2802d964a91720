// @ts-check
// Turns the columns of the server's history into the points that the page uses.
//
// Responsible for: summing differences, and giving each point its part of every column.

import { perMode } from './modes.js';

/** @import { History, Pair, PerMode, Percentiles, Point } from './snapshot.d.ts' */

/**
 * @param {History} history
 * @returns {Point[]}
 */
export function pointsOf(history) {
  const t = sums(history.t_ms);
  const counts = {
    arrived: history.arrived.map(sums),
    requests: history.requests.map(sums),
    finished: history.finished.map(sums),
  };
  const levels = {
    depth: sums(history.depth),
    in_use: sums(history.in_use),
    busy: sums(history.busy),
    held: sums(history.held),
    concurrency: sums(history.concurrency),
  };
  return t.map((ms, index) => ({
    t: ms / 1000,
    arrived: at(counts.arrived, index),
    requests: at(counts.requests, index),
    finished: at(counts.finished, index),
    depth: levels.depth[index],
    in_use: levels.in_use[index],
    busy: levels.busy[index],
    held: levels.held[index],
    concurrency: levels.concurrency[index],
    wait_ms: pairs(history.wait_ms, index),
    response_ms: pairs(history.response_ms, index),
    heat: heatOf(history.heat[index]),
  }));
}

/** @param {number[]} differences */
function sums(differences) {
  let sum = 0;
  return differences.map((difference) => {
    sum += difference;
    return sum;
  });
}

/**
 * @param {number[][]} columns
 * @param {number} index
 */
const at = (columns, index) => perMode((_, mode) => columns[mode][index]);

/**
 * @param {PerMode<Percentiles>} columns
 * @param {number} index
 * @returns {PerMode<Pair | null>}
 */
function pairs(columns, index) {
  return perMode((_, mode) => {
    const p50 = columns[mode].p50[index];
    const p99 = columns[mode].p99[index];
    return p50 === null || p99 === null ? null : [p50, p99];
  });
}

/**
 * @param {number[]} steps the first step, and the numbers from there on
 * @returns {Pair[]}
 */
function heatOf([first, ...counts]) {
  /** @type {Pair[]} */
  const pairs = counts.map((count, index) => [first + index, count]);
  return pairs.filter(([, count]) => count > 0);
}
