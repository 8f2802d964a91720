// @ts-check
// The table of compared figures: a row for each, with its interval as a picture.
//
// Responsible for: how a difference is written and drawn, for two runs and for three. The server compares.

import { element, head } from './dom.js';
import { format } from './format.js';

/** @import { Pair } from './compare.js' */
/** @import { Figure } from './run.d.ts' */

const LETTERS = ['A', 'B', 'C'];
const FAR = Math.log(5); // an interval that reaches further is cut at the edge of the picture

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
  const cells = HEADS.map(([name, term], index) => headCell(name, term, index === HEADS.length - 1));
  const reach = reachOf(figures);
  const rows = figures.map((figure) => row(figure, reach));
  return [element('thead', '', element('tr', '', ...cells)), element('tbody', '', ...rows)];
}

/**
 * The head and body of the table for more than two runs: each figure in each run, and its difference from A.
 * @param {Pair[]} pairs each of A and another run
 */
export function differenceTable(pairs) {
  const names = [...new Set(pairs.flatMap(({ compared }) => compared.figures.map(({ name }) => name)))];
  const letters = ['A', ...pairs.map(({ index }) => LETTERS[index])];
  const values = letters.map((letter) => headCell(letter, 'compared'));
  const differences = pairs.flatMap(({ index }) => [
    headCell(`${LETTERS[index]} to A`, 'difference'),
    headCell('95 % interval', 'interval'),
    headCell('', 'interval'),
  ]);
  const reach = reachOf(pairs.flatMap(({ compared }) => compared.figures));
  const rows = names.map((name) => {
    const found = pairs.map(({ compared }) => compared.figures.find((figure) => figure.name === name));
    const [a] = found.flatMap((figure) => (figure ? valuesOf(figure).slice(0, 1) : []));
    const others = found.map((figure) => (figure ? valuesOf(figure)[1] : '–'));
    const cells = [a, ...others].map((text) => element('td', '', text));
    const compared = found.flatMap((figure, at) =>
      figure ? differenceCells(figure, reach, LETTERS[pairs[at].index]) : blanks(),
    );
    return element('tr', '', head(name, 'row', 'compared'), ...cells, ...compared);
  });
  const line = element('tr', '', headCell('figure', 'compared'), ...values, ...differences);
  return [element('thead', '', line), element('tbody', '', ...rows)];
}

const blanks = () => ['–', '–', ''].map((text) => element('td', '', text));

/**
 * A difference, its interval, and a picture of both; hovering shows the sentence.
 * @param {Figure} figure
 * @param {number} reach
 * @param {string} letter of the run that is compared
 */
function differenceCells(figure, reach, letter) {
  const unit = unitOf(figure);
  const texts = [signed(figure.relative, unit), interval(figure.interval, unit)];
  const cells = texts.map((text) => element('td', figure.difference, text));
  const picture = element('td', `strip ${letter} ${figure.difference}`, strip(figure, reach));
  for (const cell of [...cells, picture]) {
    cell.dataset.term = 'noise';
    cell.detail = () => inWords(figure).replace(/\bB\b/g, letter);
  }
  return [...cells, picture];
}

/**
 * @param {string} name
 * @param {string} term
 * @param {boolean} [areWords]
 */
function headCell(name, term, areWords = false) {
  const cell = head(name, 'col', term);
  if (!name) cell.append(element('span', 'hidden', 'picture'));
  cell.classList.toggle('words', areWords);
  cell.tabIndex = 0;
  cell.setAttribute('aria-describedby', `term-${term}`);
  return cell;
}

/**
 * The distance at the edge of the pictures.
 * @param {Figure[]} figures
 */
function reachOf(figures) {
  return Math.min(FAR, Math.max(0.05, ...figures.flatMap(ends).map((end) => Math.abs(distance(end)))));
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
