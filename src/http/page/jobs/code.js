// @ts-check
// The code of the jobs: which version runs, the rehearsal of the saved file, and the buttons that swap and go back.
//
// Responsible for: the part of the page and its orders. code-sheet.js shows the text, rehearsal.js the table.

import { isOff } from '../control.js';
import { element, find } from '../dom.js';
import { messageOf, order } from '../server.js';
import { rehearsed } from './rehearsal.js';

/** @import { CodeState, Jobs } from './types.d.ts' */

const REHEARSE_MS = 30_000;
const SAID_MS = 12_000;

export class Code {
  #section = find(document, '#code');
  #shown = '';
  #said = element('p', 'said');
  #isBusy = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #clearing;

  /** @param {() => void} read opens the sheet with the text */
  constructor(read) {
    this.read = read;
    this.#said.setAttribute('role', 'status');
  }

  /** @param {Jobs} jobs */
  update({ code, rehearsal, settings }) {
    const { version, history, problem, file, built_in: builtIn } = code;
    const old = Object.entries(code.running).filter(([number, count]) => Number(number) !== version && count > 0);
    const shown = JSON.stringify([version, history, problem, file, builtIn, old, rehearsal, isOff(), this.#isBusy]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const title = element('h2', '', 'The code');
    title.dataset.term = 'code';
    const name = element('code', 'file', file);
    /** @type {HTMLElement[]} */
    const parts = [
      element('div', 'cap', title, name, this.#button('plain end', 'Show', this.read)),
      this.#tags(code, rehearsal !== null, old),
    ];
    if (problem) parts.push(element('p', 'problem', problem));
    if (rehearsal) parts.push(...rehearsed(rehearsal, version, next(history)));
    parts.push(this.#orders(code, rehearsal), this.#said);
    if (!rehearsal && !problem && !isOff()) parts.push(element('p', 'muted hint', hint(builtIn, settings.keep_inputs)));
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.order : undefined;
    this.#section.replaceChildren(...parts);
    if (focused) /** @type {HTMLElement | null} */ (this.#section.querySelector(`[data-order="${focused}"]`))?.focus();
  }

  /**
   * @param {CodeState} code
   * @param {boolean} isSaved
   * @param {[string, number][]} old
   */
  #tags({ version, history, built_in: builtIn }, isSaved, old) {
    const tags = [element('span', 'tag use', builtIn ? `v${version} in use, built in` : `v${version} in use`)];
    for (const [number, count] of old) tags.push(element('span', 'tag', `v${number}: ${count} still run`));
    const former = history.filter((one) => one !== version && !old.some(([number]) => Number(number) === one));
    if (former.length > 0 && old.length === 0) tags.push(element('span', 'tag', `v${former[0]} before`));
    if (isSaved) tags.push(element('span', 'tag new', `v${next(history)} saved, not in use`));
    return element('p', 'tags', ...tags);
  }

  /**
   * @param {CodeState} code
   * @param {Jobs['rehearsal']} rehearsal
   */
  #orders({ version, history }, rehearsal) {
    const made = element('div', 'row orders');
    const former = history.find((one) => one !== version);
    if (rehearsal && !rehearsal.refused) {
      made.append(
        this.#order(
          'change',
          `Swap to v${next(history)}`,
          'swap',
          'swap',
          'Not swapped',
          (answer) => `v${answer.version} is in use`,
        ),
      );
    }
    made.append(
      this.#order(
        '',
        rehearsal ? 'Rehearse again' : 'Rehearse now',
        'rehearse',
        'rehearse',
        'Not rehearsed',
        () => '',
        REHEARSE_MS,
      ),
    );
    if (former !== undefined) {
      made.append(
        this.#order(
          '',
          `Back to v${former}`,
          'back',
          'back',
          'Not restored',
          (answer) => `v${answer.version} is in use again`,
        ),
      );
    }
    if (rehearsal && !rehearsal.refused) made.append(element('small', '', `running jobs finish on v${version}`));
    return made;
  }

  /**
   * A button that gives an order.
   * @param {string} className
   * @param {string} text
   * @param {string} name
   * @param {string} path
   * @param {string} failed
   * @param {(answer: any) => string} done
   * @param {number} [limit]
   */
  #order(className, text, name, path, failed, done, limit) {
    const button = this.#button(className, this.#isBusy && name === 'rehearse' ? 'Rehearsing …' : text, async () => {
      this.#busy(true);
      try {
        this.#say(done(JSON.parse(await order(`api/jobs/${path}`, {}, limit))));
      } catch (error) {
        this.#say(`${failed}: ${messageOf(error)}`, true);
      } finally {
        this.#busy(false);
      }
    });
    button.dataset.order = name;
    button.disabled = this.#isBusy;
    if (name === 'swap') button.dataset.term = 'swap';
    return button;
  }

  /** @param {boolean} isBusy */
  #busy(isBusy) {
    this.#isBusy = isBusy;
    for (const button of this.#section.querySelectorAll('button[data-order]')) {
      if (button instanceof HTMLButtonElement) button.disabled = isBusy;
    }
  }

  /**
   * @param {string} text
   * @param {boolean} [alarm]
   */
  #say(text, alarm = false) {
    this.#said.textContent = text;
    this.#said.classList.toggle('alarm', alarm);
    clearTimeout(this.#clearing);
    if (text && !alarm) this.#clearing = setTimeout(() => this.#say(''), SAID_MS);
  }

  /**
   * @param {string} className
   * @param {string} text
   * @param {() => void} pressed
   */
  #button(className, text, pressed) {
    const button = element('button', className, text);
    button.type = 'button';
    button.addEventListener('click', pressed);
    return button;
  }
}

/** The number of the version that a swap would create. @param {number[]} history */
function next(history) {
  return Math.max(...history) + 1;
}

/**
 * @param {boolean} builtIn
 * @param {number} inputs
 */
function hint(builtIn, inputs) {
  const first = builtIn ? 'Create this file' : 'Edit and save this file';
  return `${first}: the server rehearses it on the last ${inputs.toLocaleString('en')} inputs. Then you swap.`;
}
