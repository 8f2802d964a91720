// @ts-check
// The configuration in force, as TOML: with the keys that a flag set, and the values that just changed.
//
// Responsible for: the card. A refused edit is left to banner.js.

import { element, find, write } from './dom.js';
import { format } from './format.js';

/** @import { Effective, Setting, Snapshot } from './snapshot.d.ts' */

export class Configuration {
  /** @type {Map<string, string>} values as text, by path */
  #values = new Map();
  #shown = '';

  /** @param {HTMLElement} section */
  constructor(section) {
    this.toml = find(section, '.toml');
    this.age = find(section, '.age');
    this.changes = find(section, '.changes');
    this.notes = find(section, '.notes');
  }

  /** @param {Snapshot} snapshot */
  update({ config, uptime_s: now }) {
    write(this.age, format.uptime(now - config.changed_s));
    write(this.changes, config.changes.join('\n') || 'none since the start');
    write(this.notes, config.notes.join('\n') || 'none');
    this.notes.classList.toggle('alarm', config.notes.length > 0);
    const shown = JSON.stringify([config.effective, config.flags]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#render(config.effective, config.flags);
  }

  /**
   * @param {Effective} effective
   * @param {string[]} flags
   */
  #render(effective, flags) {
    const sections = Object.entries(effective).map(([name, keys]) => {
      const lines = Object.entries(keys).map(([key, value]) => this.#line(`${name}.${key}`, key, value, flags));
      return element('div', 'section', element('span', 'head', `[${name}]\n`), ...lines);
    });
    this.toml.replaceChildren(...sections);
  }

  /**
   * @param {string} path
   * @param {string} key
   * @param {Setting} value
   * @param {string[]} flags
   */
  #line(path, key, value, flags) {
    const line = element('span', 'line', element('span', 'key', key), ' = ', ...this.#value(path, value));
    const byFlag = flags.filter((flag) => flag === path || flag.startsWith(`${path}.`));
    if (byFlag.length) {
      const inner = byFlag
        .map((flag) => flag.slice(path.length + 1))
        .filter(Boolean)
        .join(', ');
      const note = element('span', 'flag', `# ${inner ? `${inner} ` : ''}set by flag`);
      note.dataset.term = 'flag';
      note.tabIndex = 0;
      note.setAttribute('aria-describedby', 'term-flag');
      line.append('  ', note);
    }
    line.append('\n');
    return line;
  }

  /**
   * @param {string} path
   * @param {Setting} value
   * @returns {(Node | string)[]}
   */
  #value(path, value) {
    if (typeof value === 'object' && !Array.isArray(value)) {
      const inner = Object.entries(value).flatMap(([key, part], index) => [
        index ? ', ' : '{ ',
        element('span', 'key', key),
        ' = ',
        ...this.#value(`${path}.${key}`, part),
      ]);
      return [...inner, ' }'];
    }
    const text = JSON.stringify(value);
    const before = this.#values.get(path);
    this.#values.set(path, text);
    return [element('span', before !== undefined && before !== text ? 'value changed' : 'value', text)];
  }
}
