// @ts-check
// The table of compared figures: a row for each, with its interval as a picture.
//
// Responsible for: how a difference is written and drawn. The server compares.

import { element, head } from './dom.js';
import { format } from './format.js';

/** @import { Figure } from './run.d.ts' */

/** @type {[name: string, term: string][]} */
const HEADS = [
  ['figure', 'compared'],
  ['A', 'compared'],
  ['B', 'compared'],
  ['difference', 'difference'],
  ['95 % interval', 'interval'],
  ['', 'interval'],
  ['in words', 'noise'],
];

/**
 * The head and the body of the table.
 * @param {Figure[]} figures
 */
export function figureTable(figures) {
  const cells = HEADS.map(([name, term], index) => {
    const cell = head(name, 'col', term);
    cell.classList.toggle('words', index === HEADS.length - 1);
    cell.tabIndex = 0;
    cell.setAttribute('aria-describedby', `term-${term}`);
    return cell;
  });
  const reach = Math.max(0.05, ...figures.flatMap(ends).map((end) => Math.abs(distance(end))));
  const rows = figures.map((figure) => row(figure, reach));
  return [element('thead', '', element('tr', '', ...cells)), element('tbody', '', ...rows)];
}

/**
 * A text with a capital at its beginning and a full stop at its end.
 * @param {string} text
 */
export function sentence(text) {
  return text ? `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}` : '';
}

/**
 * @param {Figure} figure
 * @param {number} reach the distance at the edge of the picture
 */
function row(figure, reach) {
  const unit = unitOf(figure);
  const texts = [...valuesOf(figure), signed(figure.relative, unit), interval(figure.interval, unit)];
  return element(
    'tr',
    figure.difference,
    head(figure.name, 'row', 'compared'),
    ...texts.map((text) => element('td', '', text)),
    element('td', 'strip', strip(figure, reach)),
    element('td', 'words', inWords(figure)),
  );
}

/** @param {Figure} figure */
function inWords({ words, unknown, interval: known, difference }) {
  const text = sentence(words);
  if (difference === 'alone') return `${text} (It would be a difference if it were the only figure.)`;
  return unknown && !known ? `${text} No interval: ${unknown}.` : text;
}

/**
 * The known ends of a difference and of its interval.
 * @param {Figure} figure
 * @returns {number[]}
 */
function ends({ relative, interval: pair }) {
  return [relative, ...(pair ?? [])].filter((end) => end !== null && Number.isFinite(end)).map(Number);
}

/**
 * Half and double are equally far from equal.
 * @param {number} relative
 */
const distance = (relative) => Math.log1p(Math.max(-0.999, relative));

/**
 * A share is a percentage, and differs by percentage points.
 * @param {Figure} figure
 */
const unitOf = (figure) => ('a_share' in figure ? 'pt' : '%');

/** @param {Figure} figure */
function valuesOf({ a_ms: a, b_ms: b, a_share: shareA, b_share: shareB, a_per_s: rateA, b_per_s: rateB }) {
  if (a !== undefined) return [a, b].map(format.ms);
  if (shareA !== undefined) return [shareA, shareB].map((share) => `${((share ?? 0) * 100).toFixed(1)}\u202f%`);
  return [rateA, rateB].map(format.perSecond);
}

/**
 * @param {number | null} relative
 * @param {string} unit
 */
export function signed(relative, unit) {
  if (relative === null || !Number.isFinite(relative)) return '–';
  const amount = Math.abs(relative) * 100;
  const sign = relative < 0 ? '−' : '+';
  return `${sign}${amount < 99.95 ? amount.toFixed(1) : format.count(amount)}\u202f${unit}`;
}

/**
 * @param {Figure['interval']} pair
 * @param {string} unit
 */
export function interval(pair, unit) {
  if (!pair) return '–';
  const [low, high] = pair;
  if (high === null) return `${signed(low, unit)} or more`;
  return `${signed(low, unit).replace(`\u202f${unit}`, '')} to ${signed(high, unit)}`;
}

/**
 * The interval as a line, the difference as a point on it, and an upright where there is no difference.
 * @param {Figure} figure
 * @param {number} reach
 */
function strip({ relative, interval: pair }, reach) {
  /** @param {number} value */
  const place = (value) => `${(50 + 48 * Math.max(-1, Math.min(1, distance(value) / reach))).toFixed(1)}%`;
  const box = element('span', 'whisker');
  if (pair) {
    const line = element('i', 'line');
    const [low, high] = pair;
    line.style.left = place(low);
    line.style.right = `calc(100% - ${high === null ? '100%' : place(high)})`;
    box.append(line);
  }
  const point = element('i', 'point');
  point.style.left = place(Number(relative));
  box.append(point);
  return box;
}
