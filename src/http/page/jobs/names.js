// @ts-check
// The names of jobs: which node owns each, and a call of it with the number in the field.
//
// Responsible for: one row per name, which stays the same element while the name is registered, and the words of an
// answer. The section is hidden while no job has a name.

import { isOff, whyOff } from '../control.js';
import { element, find, findAs, write } from '../dom.js';
import { format } from '../format.js';
import { messageOf, order } from '../server.js';
import { inputText } from './words.js';

/** @import { Answer, JobName, Jobs } from './types.d.ts' */

const LIMIT_MS = 600_000; // a job may take long

class Row {
  name = element('b', 'mono');
  place = element('span', 'place');
  calls = element('span', 'num');
  call = element('button', 'orders', 'Call');
  node = element('li', '', element('span', 'who', this.name, this.place), this.calls, this.call);

  /**
   * @param {string} name
   * @param {(name: string) => void} call
   */
  constructor(name, call) {
    this.call.type = 'button';
    this.call.setAttribute('aria-label', `Call ${name}`);
    this.call.addEventListener('click', () => call(name));
    write(this.name, name);
  }

  /** @param {JobName} one */
  update({ node, url, generation, here, calls }) {
    write(this.place, `${here ? 'here' : `at ${node}`}, generation ${generation}`);
    this.place.title = here ? '' : url;
    write(this.calls, calls === null ? '' : `${format.count(calls)} ${calls === 1 ? 'call' : 'calls'}`);
    this.call.disabled = isOff();
  }
}

export class Names {
  /** @type {Map<string, Row>} */
  #rows = new Map();
  #section = find(document, '#names');
  #list = find(document, '#names ul');
  #number = findAs(HTMLInputElement, document, '#n');

  /** @param {(text: string, alarm?: boolean) => void} say */
  constructor(say) {
    this.say = say;
  }

  /** @param {Jobs} jobs */
  update({ names }) {
    this.#section.hidden = names.length === 0;
    const gone = new Set(this.#rows.keys());
    names.forEach((one, at) => {
      gone.delete(one.name);
      let row = this.#rows.get(one.name);
      if (!row) {
        row = new Row(one.name, (name) => this.#call(name));
        this.#rows.set(one.name, row);
      }
      row.update(one);
      if (this.#list.children[at] !== row.node) this.#list.insertBefore(row.node, this.#list.children[at] ?? null);
    });
    for (const name of gone) {
      this.#rows.get(name)?.node.remove();
      this.#rows.delete(name);
    }
  }

  /** @param {string} name */
  async #call(name) {
    if (whyOff()) return this.say(whyOff(), true);
    const n = this.#number.value.trim() || '100';
    try {
      const { node, job } = JSON.parse(await order(`api/jobs/names/${encodeURIComponent(name)}/call`, { n }, LIMIT_MS));
      this.say(`${name}(${inputText(n)}) ${ended(job)}, at ${node}`, job.state !== 'done');
    } catch (error) {
      this.say(`${name} not called: ${messageOf(error)}`, true);
    }
  }
}

/** @param {Answer} job */
function ended({ state, result, why }) {
  return state === 'done' ? `= ${inputText(result ?? '')}` : (why ?? state);
}
