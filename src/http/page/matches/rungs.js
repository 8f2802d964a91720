// @ts-check
// The rungs as switches: measures that can be turned while watchers are connected.
//
// Responsible for: a switch a rung, and the words of its effect. The ladder with its figures is in ladder.js.

import { isOff } from '../control.js';
import { element, find, write } from '../dom.js';
import { set } from '../labs/settings.js';
import { messageOf } from '../server.js';
import { switched } from './settings.js';

/** @import { Match, Rung } from './types.d.ts' */

class Switch {
  #name = element('span', 'name');
  #effect = element('small', '');
  button = element('button', 'switch');
  node;

  /**
   * @param {Rung} rung
   * @param {(rung: number) => void} toggle
   */
  constructor(rung, toggle) {
    this.rung = rung;
    this.button.type = 'button';
    this.button.setAttribute('role', 'switch');
    this.button.addEventListener('click', () => toggle(this.rung.rung));
    const words = element('span', 'words', this.#name, ' ', this.#effect);
    const number = element('span', 'no', String(rung.rung));
    const isBuilt = Object.keys(rung.settings).length > 0;
    this.node = element('li', '', number, words, isBuilt ? this.button : '');
    this.update(rung);
  }

  /** @param {Rung} rung */
  update(rung) {
    this.rung = rung;
    const isBuilt = Object.keys(rung.settings).length > 0;
    write(this.#name, rung.name);
    write(this.#effect, !isBuilt ? 'not built' : rung.effect === 'none' ? 'no effect' : '');
    this.button.setAttribute('aria-checked', String(rung.on));
    this.button.setAttribute('aria-label', `${rung.name}: ${rung.key}`);
    if (this.node.title !== rung.key) this.node.title = rung.key;
    if (this.button.disabled !== isOff()) this.button.disabled = isOff();
  }
}

export class Rungs {
  #list = find(document, '#rungs');
  /** @type {Map<number, Switch>} */
  #switches = new Map();
  /** @type {Rung[]} */
  #rungs = [];

  /** @param {(text: string, alarm?: boolean) => void} report */
  constructor(report) {
    this.report = report;
  }

  /** @param {Match} match */
  update({ ladder: { rungs } }) {
    this.#rungs = rungs;
    for (const rung of rungs) {
      if (rung.rung === 0) continue;
      const known = this.#switches.get(rung.rung);
      if (known) known.update(rung);
      else {
        const made = new Switch(rung, (number) => this.toggle(number));
        this.#switches.set(rung.rung, made);
        this.#list.append(made.node);
      }
    }
  }

  /** Turns the switch of a rung. @param {number} number */
  async toggle(number) {
    const rung = this.#rungs.find((one) => one.rung === number);
    if (!rung || isOff() || Object.keys(rung.settings).length === 0) return;
    try {
      await set('matches', switched(this.#rungs, number, !rung.on));
      this.report(`${rung.name}: ${rung.on ? 'off, as on rung 0' : 'on'}`);
    } catch (error) {
      this.report(`${rung.name} is unchanged: ${messageOf(error)}`, true);
    }
  }
}
