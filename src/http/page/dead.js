// @ts-check
// The panel of the dead letters: events that failed for good, with their reasons.
//
// Responsible for: showing a page of letters at a time, retrying one or all, and deleting all after a second click.

import { element, head, write } from './dom.js';
import { format } from './format.js';
import { rove } from './rove.js';
import { ask, messageOf, order, tell } from './server.js';

/** @import { DeadLetter, DeadList } from './queue.d.ts' */

const SHOWN = 10; // letters of a page: each has a button, and so a tab stop
const START = 120; // bytes of a payload that a row shows
const CONFIRM_MS = 4000; // a click after this long asks again

/** @type {[text: string, term?: string][]} */
const HEADS = [['event'], ['attempts'], ['reason'], ['bytes'], ['payload'], ['']];

export class DeadLetters {
  /** @type {number[]} the id before the first letter of each page from the second up to this one */
  #pages = [];
  /** @type {number | null} the last id of this page, if more follow */
  #next = null;
  #known = -1; // dead letters when the list was read
  #reading = false;
  /** @type {ReturnType<typeof setTimeout> | null} runs while a second click would delete the letters */
  #confirming = null;

  /** @param {HTMLElement} panel */
  constructor(panel) {
    const title = element('h2', '', 'Dead letters');
    title.id = 'dead-title';
    const words = element('p', 'words', 'Events that failed for good. A retry accepts a letter again, as a new event.');
    this.list = element('tbody', '');
    this.nothing = element('p', 'nothing', 'There are no dead letters.');
    const heads = HEADS.map(([text]) => head(text, 'col'));
    heads[5].append(element('span', 'hidden', 'retry'));
    this.table = element('table', '', element('thead', '', element('tr', '', ...heads)), this.list);
    this.said = element('p', 'said');
    this.said.setAttribute('role', 'status');
    this.all = button('Retry all', 'changes', () => this.#retry(null));
    this.purge = button('Delete all', 'changes', () => this.#purge());
    this.place = element('span', 'place');
    this.back = button('First', '', () => this.#turn([]));
    this.on = button('Next', '', () => this.#turn([...this.#pages, this.#next ?? 0]));
    const turn = element('span', 'turn', this.place, this.back, this.on);
    const scroll = element('div', 'scroll', this.table);
    this.rove = rove(this.list, 'button');
    panel.replaceChildren(
      title,
      words,
      scroll,
      this.nothing,
      element('div', 'act', this.all, this.purge, this.said, turn),
    );
  }

  /** Shows the list when the panel opens. @param {number} dead */
  show(dead) {
    write(this.said, '');
    this.#pages = [];
    this.#read();
    this.follow(dead);
  }

  /** Withdraws the question when the panel closes. */
  rest() {
    this.#unask();
  }

  /** Reads the list again if the number of letters has changed. @param {number} dead */
  follow(dead) {
    if (dead !== this.#known) this.#read();
  }

  async #read() {
    if (this.#reading) return;
    this.#reading = true;
    try {
      const after = this.#pages.length ? `&after=${this.#pages[this.#pages.length - 1]}` : '';
      // One more than is shown, to know whether another page follows.
      this.#take(await ask(`api/queue/dead?most=${SHOWN + 1}&start=${START}${after}`));
    } catch (error) {
      this.#say(`The list could not be read: ${messageOf(error)}`, true);
    } finally {
      this.#reading = false;
    }
  }

  /** @param {DeadList} list */
  #take({ letters, dead }) {
    // This page has no letters any more: show the first one.
    if (!letters.length && this.#pages.length) return this.#again();
    this.#known = dead;
    const shown = letters.slice(0, SHOWN);
    this.#next = letters.length > SHOWN ? shown[SHOWN - 1].id : null;
    // A focused button disappears with its row; the next one gets the focus.
    const focused = [...this.list.children].findIndex((row) => row.contains(document.activeElement));
    this.list.replaceChildren(...shown.map((letter) => this.#row(letter)));
    if (focused >= 0) this.#focus(focused);
    this.rove();
    this.table.hidden = !shown.length;
    this.nothing.hidden = shown.length > 0;
    this.all.disabled = this.purge.disabled = dead === 0;
    this.back.hidden = !this.#pages.length;
    this.on.hidden = this.#next === null;
    const first = this.#pages.length * SHOWN;
    const place = `${format.count(first + 1)} to ${format.count(first + shown.length)} of ${format.count(dead)}`;
    write(this.place, dead > SHOWN ? place : '');
    if (this.#confirming) write(this.purge, `Delete ${inWords(dead)}?`);
  }

  #again() {
    this.#pages = [];
    queueMicrotask(() => this.#read());
  }

  /** @param {number} row */
  #focus(row) {
    const buttons = [...this.list.querySelectorAll('button')];
    (buttons[Math.min(row, buttons.length - 1)] ?? this.all).focus();
  }

  /** @param {DeadLetter} letter */
  #row(letter) {
    const retry = button('Retry', 'changes', () => this.#retry(letter.id));
    retry.setAttribute('aria-label', `Retry event ${letter.id}`);
    const name = head(String(letter.id), 'row');
    const why = element('td', 'why', letter.why);
    why.title = letter.why;
    const tries = element('td', 'tries', String(letter.tries));
    const bytes = element('td', 'bytes', format.bytes(letter.bytes));
    const payload = element('td', 'payload', payloadOf(letter));
    return element('tr', '', name, tries, why, bytes, payload, element('td', 'again', retry));
  }

  /** @param {number[]} pages */
  #turn(pages) {
    this.#pages = pages;
    this.#read();
  }

  /** @param {number | null} id null for all */
  async #retry(id) {
    await this.#do(async () => {
      const { retried } = await tell('api/queue/dead/retry', id === null ? {} : { id });
      return `${inWords(retried)} accepted again`;
    }, 'The retry failed');
  }

  /** Deleted letters cannot be brought back, so the first click only asks. */
  async #purge() {
    if (this.#confirming === null) {
      this.#confirming = setTimeout(() => this.#unask(), CONFIRM_MS);
      write(this.purge, `Delete ${inWords(this.#known)}?`);
      return;
    }
    this.#unask();
    await this.#do(async () => {
      const { purged } = JSON.parse(await order('api/queue/dead/purge'));
      return `${inWords(purged)} deleted`;
    }, 'Nothing was deleted');
  }

  #unask() {
    clearTimeout(this.#confirming ?? undefined);
    this.#confirming = null;
    write(this.purge, 'Delete all');
  }

  /**
   * @param {() => Promise<string>} work
   * @param {string} failed
   */
  async #do(work, failed) {
    try {
      this.#say(`✓ ${await work()}`);
    } catch (error) {
      this.#say(`${failed}: ${messageOf(error)}`, true);
    }
    await this.#read();
  }

  /**
   * @param {string} text
   * @param {boolean} [alarm]
   */
  #say(text, alarm = false) {
    write(this.said, text);
    this.said.classList.toggle('alarm', alarm);
  }
}

/** @param {number} count */
const inWords = (count) => `${format.count(count)} ${count === 1 ? 'letter' : 'letters'}`;

/**
 * The beginning of a payload, in one line.
 * @param {DeadLetter} letter
 */
function payloadOf({ bytes, payload, base64 }) {
  if (bytes === 0) return element('span', 'none', 'none');
  const shown = payload ?? base64 ?? '';
  const isCut = payload === null ? (base64?.length ?? 0) * 0.75 + 2 < bytes : new Blob([payload]).size < bytes;
  const code = element('code', '', `${shown.replace(/\s+/g, ' ')}${isCut ? '…' : ''}`);
  return payload === null ? element('span', '', 'base64 ', code) : code;
}

/**
 * @param {string} text
 * @param {string} look
 * @param {() => void} pressed
 */
function button(text, look, pressed) {
  const made = element('button', look, text);
  made.type = 'button';
  made.addEventListener('click', pressed);
  return made;
}
