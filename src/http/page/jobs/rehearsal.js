// @ts-check
// A rehearsal: how many inputs have the same answer, and the old and new answers of the rest.
//
// Responsible for: the words and the table. code.js says when it is shown.

import { element, head } from '../dom.js';
import { format } from '../format.js';
import { inputText, short } from './words.js';

/** @import { Difference, Rehearsal } from './types.d.ts' */

const ROWS = 6;

/**
 * @param {Rehearsal} rehearsal
 * @param {number} version that runs
 * @param {number} next
 * @returns {HTMLElement[]}
 */
export function rehearsed(
  { inputs, same, broken, skipped, took_ms: took, refused, differences, faster },
  version,
  next,
) {
  const changed = inputs - same - skipped;
  const words = `${format.count(same)} the same, ${changed === 1 ? '1 differs' : `${format.count(changed)} differ`}`;
  const big = element('p', 'big', inputs === 0 ? 'No input to compare yet' : words);
  big.dataset.term = 'rehearsal';
  const bar = element('div', 'samebar');
  bar.setAttribute('role', 'img');
  bar.setAttribute('aria-label', `${same} of ${inputs} inputs the same`);
  const rest = element('i', '');
  const shown = [...Array(Math.max(0, Math.min(changed, 24)))].map(() => element('i', 'diff'));
  bar.append(rest, ...shown);
  /** @type {HTMLElement[]} */
  const made = [big];
  if (inputs > 0)
    made.push(
      bar,
      element('small', '', `the last ${format.count(inputs)} inputs on both versions, ${format.ms(took)}`),
    );
  if (skipped > 0)
    made.push(element('small', '', `; ${format.count(skipped)} not tried, because the rehearsal took too long`));
  if (broken > 0) made.push(element('p', 'problem', brokenWords(broken, next)));
  if (refused) made.unshift(element('p', 'problem', `v${next} cannot be swapped in: ${refused}`));
  const rows = [...differences.map((one) => answers(one)), ...faster.map((one) => costs(one))];
  if (rows.length > 0) made.push(table(rows, version, next));
  return made;
}

/**
 * The reason not to swap.
 * @param {number} broken
 * @param {number} next
 */
function brokenWords(broken, next) {
  const inputs = broken === 1 ? '1 input that has a value' : `${format.count(broken)} inputs that have a value`;
  return `v${next} changes the answer of ${inputs} today.`;
}

/** @param {Difference} difference with a different answer @returns {[Difference, string, string]} */
function answers(difference) {
  return [difference, inputText(difference.old), inputText(difference.new)];
}

/** @param {Difference} difference with the same answer @returns {[Difference, string, string]} */
function costs(difference) {
  return [difference, `${short(difference.old_reductions)} reductions`, `${short(difference.new_reductions)}`];
}

/**
 * @param {[Difference, string, string][]} rows
 * @param {number} version
 * @param {number} next
 */
function table(rows, version, next) {
  const heads = element('tr', '', head('input', 'col'), head(`v${version}`, 'col'), head(`v${next}`, 'col'));
  const lines = rows.slice(0, ROWS).map(([{ input, count }, old, fresh]) => {
    const name = element('td', 'mono', inputText(input));
    if (count > 1) name.append(element('small', '', ` ×${format.brief(count)}`));
    return element('tr', '', name, element('td', 'muted', old), element('td', 'fresh', fresh));
  });
  if (rows.length > ROWS) {
    const more = element('td', 'muted', `and ${rows.length - ROWS} more`);
    more.colSpan = 3;
    lines.push(element('tr', '', more));
  }
  return element('table', 'changes', element('thead', '', heads), element('tbody', '', ...lines));
}
