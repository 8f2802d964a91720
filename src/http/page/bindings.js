// @ts-check
// Figures in the page's skeleton that are a field of the snapshot.
//
// Responsible for: `data-bind` (which field), `data-as` (which format), `data-alarm` (stands out while
// the field is above zero) and `data-quiet` (hidden while it is zero or missing).

import { findAll, write } from './dom.js';
import { format } from './format.js';

/** @type {Record<string, (value: any) => string>} */
const FORMATS = format;

/**
 * The field that a dotted path names, or undefined wherever the path breaks off.
 * @param {any} from
 * @param {string} path
 * @returns {unknown}
 */
export function field(from, path) {
  return path.split('.').reduce((part, key) => part?.[key], from);
}

/** @param {unknown} value */
const isOn = (value) => value === true || Number(value) > 0;
/** @param {unknown} value */
const isThere = (value) => value === true || Math.abs(Number(value)) > 0;

export class Bindings {
  #bound = findAll(document, '[data-bind]');
  #alarms = findAll(document, '[data-alarm]');
  #quiet = findAll(document, '[data-quiet]');

  /** @param {object} view the snapshot, and figures of the charts under `now` */
  update(view) {
    for (const node of this.#bound) {
      const value = field(view, node.dataset.bind ?? '');
      const as = node.dataset.as ?? (typeof value === 'string' ? 'plain' : 'count');
      write(node, FORMATS[as](value));
    }
    for (const node of this.#alarms) node.classList.toggle('alarm', isOn(field(view, node.dataset.alarm ?? '')));
    for (const node of this.#quiet) node.hidden = !isThere(field(view, node.dataset.quiet ?? ''));
  }
}
