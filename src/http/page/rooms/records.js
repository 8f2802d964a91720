// @ts-check
// What is kept of the past: the history of the open room, and the moves that panicked in each attempt.
//
// Responsible for: asking for them when they are shown and have changed, and their lists.

import { element, find, findAs, write } from '../dom.js';
import { format } from '../format.js';
import { ask, messageOf } from '../server.js';
import { positionText, rangeText } from './position.js';

/** @import { DeadLetters, Past, RoomHistory, Rooms } from './types.d.ts' */

const MOST = 200;
const AGAIN_MS = 1000;

/**
 * A list that is asked for while it is open and what it shows has changed.
 * @template A
 */
class Kept {
  #asked = '';
  #next = 0;

  /**
   * @param {HTMLDetailsElement} box
   * @param {HTMLElement} list
   * @param {(answer: A) => HTMLElement[]} rows
   */
  constructor(box, list, rows) {
    this.box = box;
    this.list = list;
    this.rows = rows;
  }

  /**
   * @param {string} path
   * @param {string} version differs when the answer does
   */
  async update(path, version) {
    const key = `${path} ${version}`;
    if (!this.box.open || key === this.#asked || performance.now() < this.#next) return;
    this.#asked = key;
    this.#next = performance.now() + AGAIN_MS;
    try {
      this.list.replaceChildren(...this.rows(await ask(path)));
    } catch (error) {
      this.list.replaceChildren(element('li', 'bad', messageOf(error)));
      this.#asked = '';
    }
  }
}

/**
 * The words of one entry of a history.
 * @param {Past} past
 * @returns {[at: string, words: string]}
 */
export function pastText({ kind, life, n, text, from, to }) {
  if (kind === 'gap') return ['', `${rangeText(life, from ?? 0, to ?? 0)} ${from === to ? 'is' : 'are'} missing`];
  const at = positionText({ life, n: n ?? 0 });
  return kind === 'resumed' ? ['', `room restarted: resumed at ${at}`] : [at, text ?? ''];
}

/** @param {RoomHistory} history */
function historyRows({ entries }) {
  if (entries.length === 0) return [element('li', 'muted', 'nothing yet')];
  return entries.toReversed().map((past) => {
    const [at, words] = pastText(past);
    return element('li', past.kind, element('span', 'muted', at), element('span', '', words));
  });
}

/** @param {DeadLetters} answer */
function deadRows({ dead: letters }) {
  if (letters.length === 0) return [element('li', 'muted', 'none: no move has panicked three times')];
  return letters.map(({ ago_ms: ago, room, command, panic, attempts }) => {
    const words = element(
      'span',
      '',
      element('code', '', command),
      element('small', 'bad', ` ${panic}, ${attempts} attempts, ${format.age(ago)} ago`),
    );
    return element('li', '', element('b', '', room), words);
  });
}

export class Records {
  /** @type {Kept<RoomHistory>} */
  #history = new Kept(findAs(HTMLDetailsElement, document, '#history'), find(document, '#history-list'), historyRows);
  /** @type {Kept<DeadLetters>} */
  #dead = new Kept(findAs(HTMLDetailsElement, document, '#dead'), find(document, '#dead-list'), deadRows);
  #deadCount = find(document, '#dead-count');
  #historyOf = find(document, '#history-of');

  /** @param {Rooms} lab */
  update({ open, now }) {
    this.#history.box.hidden = !open;
    write(this.#deadCount, format.count(now.dead));
    this.#deadCount.classList.toggle('bad', now.dead > 0);
    this.#dead.update('api/rooms/dead', String(now.dead));
    if (!open) return;
    write(this.#historyOf, open.name);
    const version = `${open.life} ${open.n} ${open.kill?.what ?? ''} ${open.kill?.life ?? ''}`;
    this.#history.update(`api/rooms/${encodeURIComponent(open.name)}/history?most=${MOST}`, version);
  }
}
