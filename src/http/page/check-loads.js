// @ts-check
// The loads of an exercise, as the check makes them.

import { command, typed } from './commands.js';
import { element } from './dom.js';

/** @import { Exercise } from './workshop.d.ts' */

/**
 * The list of the loads. A speed that all have in common is said once.
 * @param {Exercise} exercise
 */
export function loadList({ loads, config }) {
  const [{ faster }] = loads;
  const isCommon = loads.every((load) => load.faster === faster);
  const items = loads.map(({ name, command: typedIn, config: own, faster: times, edits }) => {
    const item = element('li', '');
    if (loads.length > 1) item.append(element('b', '', name), ': ');
    item.append(typed(command(typedIn)), ...settings(own));
    for (const { after, set } of edits) item.append(`, after ${after} `, element('code', '', set));
    if (!isCommon) item.append(...speed(times));
    return item;
  });
  const made = element('div', 'loads');
  if (config.length) made.append(element('p', '', 'A bench', ...settings(config), ':'));
  if (isCommon) made.append(...speed(faster));
  made.append(element('ul', '', ...items));
  return made;
}

/** @param {number} times */
function speed(times) {
  const words = `Measured ${times} times faster than shown, then converted. The simulation runs at the real pace`;
  return times > 1 ? [element('small', '', words)] : [];
}

/**
 * Settings, to follow what they belong to.
 * @param {string[]} config
 */
function settings(config) {
  return config.flatMap((setting, index) => [index ? ', ' : ' with ', element('code', '', setting)]);
}
