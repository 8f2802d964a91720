// @ts-check
// Help with an exercise: hints one by one, the solution, and starting over.
//
// Responsible for: the card, and asking twice where a click gives something away or forgets it.

import { element, write } from './dom.js';
import { code, prose } from './prose.js';
import { messageOf, order } from './server.js';
import { inUnit } from './verdict.js';

/** @import { Exercise, Hints, Solution } from './workshop.d.ts' */

export class Stuck {
  #hints = element('ol', 'hints');
  #hint = element('button', '');
  #said = element('p', 'alarm');
  #solution = element('div', 'solution');

  /**
   * @param {Exercise} exercise
   * @param {string} api
   */
  constructor(exercise, api) {
    this.exercise = exercise;
    this.api = api;
    this.#hint.addEventListener('click', () => {
      if (this.#hint.ariaDisabled !== 'true') this.#try(() => this.#ask());
    });
    const solve = this.#confirmed(
      'Solution',
      'This shows the answers and explains them. You learn more from one more try.',
      'Show it',
      'Keep trying',
      () => this.#solve(),
    );
    const reset = this.#confirmed(
      'Start over',
      'This deletes your answers, hints and checks of this exercise.',
      'Delete them',
      'Keep them',
      async () => {
        await order(`${this.api}/reset`);
        dispatchEvent(new Event('hashchange'));
      },
    );
    this.#said.setAttribute('role', 'alert');
    this.#give(exercise.html.hints);
    const acts = element('div', 'act', this.#hint, ...solve, ...reset);
    const heading = element('h2', '', 'Stuck?');
    this.section = element('section', 'card help', heading, this.#hints, acts, this.#said, this.#solution);
  }

  /**
   * Takes over the hints that were given elsewhere.
   * @param {string[]} hints as HTML
   */
  adopt(hints) {
    if (hints.length !== this.#hints.children.length) this.#give(hints);
  }

  /** @param {string[]} hints */
  #give(hints) {
    const most = this.exercise.hints_in_all;
    this.#hints.replaceChildren(...hints.map((hint) => element('li', '', prose(hint))));
    const isLast = hints.length >= most;
    this.#hint.ariaDisabled = String(isLast); // not disabled: it keeps its focus
    if (isLast) write(this.#hint, most ? 'That was the last hint' : 'No hints');
    else write(this.#hint, `${hints.length ? 'Next hint' : 'A hint'} (${hints.length + 1} of ${most})`);
  }

  async #ask() {
    /** @type {Hints} */
    const { html } = JSON.parse(await order(`${this.api}/hint`));
    this.#give(html.hints);
    this.#hints.lastElementChild?.scrollIntoView({ block: 'nearest' });
  }

  async #solve() {
    /** @type {Solution} */
    const { answers, html, code: solved } = JSON.parse(await order(`${this.api}/solution`));
    /** @type {HTMLElement[]} */
    const made = [element('h3', '', 'Solution')];
    if (answers.length) {
      const rows = answers.map(({ answer, unit, html: words }) =>
        element(
          'div',
          '',
          element('dt', '', prose(words.ask)),
          element('dd', '', words.answer === null ? inUnit(answer, unit) : prose(words.answer)),
        ),
      );
      made.push(element('dl', 'answers', ...rows));
    }
    if (!this.exercise.html.explanation) made.push(element('div', 'prose', prose(html.explanation)));
    if (solved) made.push(code(solved));
    this.#solution.replaceChildren(...made);
    this.#solution.scrollIntoView({ block: 'nearest' });
  }

  /**
   * A button, and the question whether it is meant.
   * @param {string} name
   * @param {string} warning
   * @param {string} yes
   * @param {string} not
   * @param {() => Promise<void>} work
   */
  #confirmed(name, warning, yes, not, work) {
    const button = element('button', '', name);
    const sure = element('button', 'danger', yes);
    const no = element('button', '', not);
    const asks = element('div', 'sure', element('p', '', warning), sure, no);
    asks.hidden = true;
    /** @param {boolean} asking */
    const show = (asking) => {
      button.disabled = asking;
      asks.hidden = !asking;
      (asking ? no : button).focus();
    };
    button.addEventListener('click', () => show(true));
    no.addEventListener('click', () => show(false));
    asks.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') show(false);
    });
    sure.addEventListener('click', () => {
      show(false);
      this.#try(work);
    });
    return [button, asks];
  }

  /** @param {() => Promise<void>} work */
  async #try(work) {
    write(this.#said, '');
    try {
      await work();
    } catch (error) {
      write(this.#said, messageOf(error));
    }
  }
}
