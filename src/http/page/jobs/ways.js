// @ts-check
// How one endless job affects the others in each isolation: predicted, or measured once this page has seen it.
//
// Responsible for: the figures. compare.js draws them.

import { format } from '../format.js';
import { turnText } from './words.js';

/** @import { Isolation, Jobs } from './types.d.ts' */

/**
 * @typedef {object} Way one isolation with one endless job
 * @property {string} rate jobs that the others do a second
 * @property {string} late
 * @property {string} kill
 * @property {string} lost cores
 * @property {(number | null)[]} curve a minute of the others' rate
 * @property {number} target of that curve
 * @property {number} begun where on the curve the endless job began, 0 to 1
 * @property {number | null} at when it was measured, as performance.now(); null for a prediction
 * @property {number} rogues
 */

/** @type {Isolation[]} */
export const ISOLATIONS = ['task', 'thread', 'fuel'];
const TIMER_MS = 1; // the resolution of a worker's timer
const SETTLED_MS = 3000; // a job that has run for less has not shown its full effect yet
const POINTS = 600;
const USUAL = 10_000;

/** @type {Map<Isolation, Way>} */
const measured = new Map();
/** The outcome of the last kill in each isolation. @type {Map<Isolation, string>} */
const kills = new Map();

/**
 * Keeps the figures of a record.
 * @param {Jobs} jobs
 * @param {(number | null)[]} curve
 */
export function watch({ isolation, top, now, load, cores }, curve) {
  const rogues = top.filter((job) => job.isolation === isolation && job.age_ms > SETTLED_MS && job.core > 0.02);
  if (rogues.length === 0 || load.target < 10) return;
  const isStalled = now.stalled_ms > 0;
  const oldest = Math.max(...rogues.map((job) => job.age_ms));
  const lost = isStalled ? cores.length : cores.filter((core) => core.lost).length;
  measured.set(isolation, {
    rate: format.count(now.rate),
    late: isStalled ? `${format.age(now.stalled_ms)} so far` : format.ms(now.lateness_ms?.p99),
    kill: kills.get(isolation) ?? (isolation === 'fuel' ? 'not tried yet' : 'impossible'),
    lost: lost === 0 ? 'none' : `${lost}, for good`,
    curve: [...curve],
    target: load.target,
    begun: Math.max(0, 1 - oldest / (100 * POINTS)),
    at: performance.now(),
    rogues: rogues.length,
  });
}

/**
 * Keeps the outcome of a kill.
 * @param {Isolation} isolation
 * @param {string} outcome
 */
export function tried(isolation, outcome) {
  kills.set(isolation, outcome);
  const way = measured.get(isolation);
  if (way) way.kill = outcome;
}

/**
 * The figures for an isolation: measured, or predicted.
 * @param {Isolation} isolation
 * @param {Jobs | null} jobs
 */
export function wayOf(isolation, jobs) {
  return measured.get(isolation) ?? predicted(isolation, jobs);
}

/**
 * @param {Isolation} isolation
 * @param {Jobs | null} jobs
 * @returns {Way}
 */
function predicted(isolation, jobs) {
  const target = jobs?.load.target || USUAL;
  const turn = jobs?.slice.us ?? (15 * (jobs?.slice.reductions ?? 50_000)) / 50_000;
  const begun = 1 / 3;
  const isTask = isolation === 'task';
  const flat = Array.from({ length: POINTS }, (_, index) => (isTask && index > POINTS * begun ? 0 : target));
  const common = { curve: flat, target, begun, at: null, rogues: 1 };
  if (isTask)
    return { ...common, rate: '0', late: 'no end', kill: 'impossible', lost: `1 of ${jobs?.settings.threads ?? 1}` };
  const rate = format.count(target);
  if (isolation === 'thread') {
    return { ...common, rate, late: `about ${format.msTick(TIMER_MS)}`, kill: 'no effect', lost: '1, for good' };
  }
  return {
    ...common,
    rate,
    late: `about ${format.msTick(TIMER_MS + turn / 1000)}`,
    kill: `≤ ${turnText(turn)}`,
    lost: 'none',
  };
}
