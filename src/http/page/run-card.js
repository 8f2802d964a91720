// @ts-check
// The card of a chosen run above the charts: its letter, its name, its origin and load, and notes for the
// reader.
//
// Responsible for: the words for a run that does not exist, and which remarks of the audit to show.

import { element } from './dom.js';
import { shown } from './run-address.js';
import { wordOf } from './run-view.js';

/** @import { Letter, Slot } from './compare.js' */
/** @import { View } from './run-view.js' */

/**
 * @param {Letter} letter
 * @param {Slot | null} slot
 * @param {View | undefined} view
 * @param {object} options
 * @param {boolean} options.isPair whether the server's notes on a comparison are shown as well
 * @param {() => void} options.removed
 */
export function card(letter, slot, view, { isPair, removed }) {
  const mark = element('i', `mark ${letter}`);
  if (!slot) return element('p', 'no', mark, `${letter}: choose one in the table`);
  const away = element('button', 'quiet away', '×');
  away.type = 'button';
  away.setAttribute('aria-label', `Take ${letter} away`);
  away.addEventListener('click', removed);
  const { run } = slot;
  if (!run) {
    const none = `There is no run “${shown(slot.id)}” in the server’s folder. It may have been deleted or renamed.`;
    return element('div', '', element('p', 'alarm', mark, `${letter} `, away), element('p', 'about alarm', none));
  }
  const checks = view?.checks ?? [];
  // With two runs, the server's notes already say why one is invalid or disturbed.
  const worth = checks.filter((check) => (isPair ? wordOf(check) === 'note' : check.verdict !== 'passed'));
  const remarks = worth.map((check) =>
    element('li', check.verdict === 'failed' ? 'alarm' : '', `${wordOf(check)}: ${check.says}`),
  );
  const skipped = (view?.skipped ?? []).map((said) => element('li', '', said));
  const words = checks.map(wordOf);
  const verdict = words.includes('INVALID')
    ? [element('b', 'alarm', 'INVALID')]
    : words.includes('disturbed')
      ? [element('b', '', 'disturbed')]
      : [];
  const about = `${run.origin}, ${run.target}${run.load ? `, ${run.load}` : ''}`;
  return element(
    'div',
    '',
    element('p', '', mark, `${letter} `, element('b', '', run.name ?? run.id), ' ', ...verdict, ' ', away),
    element('p', 'about', about),
    element('ul', 'remarks', ...skipped, ...remarks),
  );
}
