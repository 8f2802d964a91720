// @ts-check
// The labs below the tree of components: what each of them runs.
//
// Responsible for: a list for each lab, with the way to its page. Orders to a lab are given there.

import { element, write } from './dom.js';

/** @import { LabNode, LabPart } from './tree.d.ts' */

/** The subcommands of labs, where they differ from the lab's name. @type {Record<string, string>} */
const COMMANDS = { matches: 'match', rooms: 'room' };

export class LabList {
  node = element('div', 'labs-run');
  #names = '';
  /** @type {PartRow[]} */
  #rows = [];

  /** @param {LabNode[]} labs */
  take(labs) {
    const names = labs.map(({ name, parts }) => `${name} ${parts.length}`).join();
    if (names !== this.#names) this.#build(labs);
    this.#names = names;
    for (const [index, part] of labs.flatMap(({ parts }) => parts).entries()) this.#rows[index].take(part);
  }

  /** @param {LabNode[]} labs */
  #build(labs) {
    const lists = labs.map(({ parts }) => parts.map(() => new PartRow()));
    this.#rows = lists.flat();
    const shown = labs.flatMap(({ name }, index) => {
      const link = element('a', '', `the ${name} page`);
      link.href = name;
      const orders = [
        'Orders to it are on ',
        link,
        ' and in ',
        element('code', '', `weir ${COMMANDS[name] ?? name}`),
        '.',
      ];
      return [
        element('p', 'name', element('b', '', name), ' lab'),
        element('p', 'words', ...orders),
        element('ul', 'parts', ...lists[index].map(({ line }) => line)),
      ];
    });
    this.node.replaceChildren(...shown);
  }
}

/** A thread, or a supervisor with its workers. */
class PartRow {
  #mark = element('i', 'mark');
  #name = element('b', '');
  #state = element('span', '');
  #says = element('span', 'says');
  line = element('li', '', element('span', 'part', this.#mark, this.#name, ' ', this.#state), this.#says);

  /** @param {LabPart} part */
  take({ name, state, says }) {
    this.#mark.className = `mark ${state}`;
    write(this.#name, name);
    write(this.#state, state);
    write(this.#says, says);
  }
}
