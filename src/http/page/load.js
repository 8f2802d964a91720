// @ts-check
// The form of the load: which load to make, starting and stopping it, and its progress.
//
// Responsible for: what is asked of the server, and the lines that report. The server makes the load, and
// refuses in words what makes no sense; nothing is checked twice here. Its buttons are left to load-bar.js.

import { element, find, findAll, findAs, write } from './dom.js';
import { format } from './format.js';
import { addressOf } from './run-address.js';
import { ask, messageOf, order } from './server.js';

/** @import { LastLoad, LoadState } from './run.d.ts' */

const LOOK_MS = 500;

/** @typedef {HTMLInputElement | HTMLSelectElement | RadioNodeList} Field */

export class Load {
  #running = false;
  #live = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #waiting = false; // for the answer to Start or Stop
  /** @type {LoadState | null} as the server said it last */
  state = null;
  isTouched = false; // whether the form was changed since the last load

  /**
   * @param {HTMLElement} form
   * @param {object} calls
   * @param {() => void} calls.ended called when a load has ended
   * @param {(run: string) => void} calls.visit called with the id of the run to show
   * @param {() => void} calls.changed called when the form or the state of the load has changed
   * @param {HTMLElement} report where the progress is reported beside the form
   */
  constructor(form, { ended, visit, changed }, report) {
    this.report = report;
    this.form = /** @type {HTMLFormElement} */ (form);
    this.ended = ended;
    this.visit = visit;
    this.changed = changed;
    this.fields = findAs(HTMLFieldSetElement, form, 'fieldset');
    this.button = findAs(HTMLButtonElement, form, '.go');
    this.said = find(form, '.said');
    this.words = find(this.said, 'span');
    form.addEventListener('change', () => this.#offer());
    form.addEventListener('input', () => {
      this.isTouched = true;
      if (this.said.classList.contains('alarm')) this.#say('');
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.toggle();
    });
    this.#offer();
  }

  /** Starts the load that the form describes, or stops the one that runs. */
  toggle() {
    if (this.button.disabled) return;
    if (this.#running) this.#stop();
    else this.#start();
  }

  /** Whether the form is shown. */
  get isOpen() {
    return this.form.checkVisibility();
  }

  get isRunning() {
    return this.#running;
  }

  /** Chooses the mode that the next load is for. @param {string} mode */
  choose(mode) {
    if (this.#running) return;
    findAs(HTMLInputElement, this.form, `[name="mode"][value="${mode}"]`).checked = true;
    this.isTouched = true;
    this.#offer();
  }

  /** The load of the form, in a few words. */
  get summary() {
    const isClosed = this.#value('model') === 'closed';
    const how = isClosed ? `${this.#value('clients')} clients` : `open ${this.#value('rate')}/s`;
    return `${this.#value('mode')} · ${how}`;
  }

  /** Whether there is a server. When it comes back, a load may be running that another page has started. */
  set live(/** @type {boolean} */ live) {
    if (live === this.#live) return;
    this.#live = live;
    this.#offer();
    if (live) this.#look();
  }

  /** Shows the fields that this kind of load has, and what the button would do. */
  #offer() {
    const model = this.#value('model');
    for (const part of findAll(this.form, '[data-model]')) part.hidden = part.dataset.model !== model;
    find(this.form, '[data-burst]').hidden = this.#value('arrivals') !== 'burst';
    this.fields.disabled = this.#running;
    write(this.button, this.#running ? 'Stop' : 'Start');
    this.button.classList.toggle('stop', this.#running);
    this.button.disabled = !this.#live || this.#waiting;
    this.changed();
  }

  /**
   * What a field holds, without spaces around it.
   * @param {string} name
   */
  #value(name) {
    return /** @type {Field} */ (this.form.elements.namedItem(name)).value.trim();
  }

  /**
   * The load as the server reads it.
   * @returns {Record<string, string>}
   */
  get asked() {
    const mode = this.#value('mode');
    if (this.#value('model') === 'closed') {
      const amount = this.#value('amount');
      /** @type {Record<string, string>} */
      const until = this.#value('unit') === 'requests' ? { requests: amount } : { duration: duration(amount) };
      return { mode, clients: this.#value('clients'), ...until };
    }
    const arrivals = this.#value('arrivals');
    return {
      mode,
      rate: this.#value('rate'),
      duration: duration(this.#value('seconds')),
      arrivals: arrivals === 'burst' ? `burst:${this.#value('burst')}` : arrivals,
      seed: this.#value('seed'),
    };
  }

  async #start() {
    await this.#send(() => order('api/load/start', this.asked), 'starting …');
  }

  async #stop() {
    await this.#send(() => order('api/load/stop'), 'stopping …');
  }

  /**
   * @param {() => Promise<string>} work
   * @param {string} words what is said meanwhile
   */
  async #send(work, words) {
    this.#waiting = true;
    this.#offer();
    this.#say(words);
    try {
      await work();
      this.#waiting = false;
      await this.#look();
    } catch (error) {
      this.#waiting = false;
      this.#say(messageOf(error), 'alarm');
      this.#offer();
    }
  }

  /** Asks whether a load is running that was started elsewhere. */
  look() {
    if (this.#live && !this.#running && !this.#waiting) this.#look();
  }

  /** Asks for the state of the load, and again while one is running. */
  async #look() {
    clearTimeout(this.#timer);
    /** @type {LoadState} */
    let state;
    try {
      state = await ask('api/load');
    } catch {
      return this.#offer(); // the page says that the server is gone, and asks again when it is back
    }
    const ended = this.#running && !state.running;
    this.#running = state.running;
    if (state.running) this.isTouched = false;
    this.state = state;
    this.#offer();
    if (state.running) {
      this.#progress(state);
      this.#timer = setTimeout(() => this.#look(), LOOK_MS);
    } else if (state.last) this.#result(state.last);
    else if (ended) this.#say('ended');
    if (ended) this.ended();
  }

  /** @param {LoadState} state */
  #progress({ plan, stage, progress, held, mode }) {
    if (stage === 'draining') {
      return this.#say(`sent; ${format.count(held)} ${held === 1 ? 'event' : 'events'} still in the bench`, 'goes');
    }
    if (!progress) return this.#say('starting', 'goes', `${mode}, ${plan}`);
    const { seconds, answered, in_flight: inFlight, rate, p99_ms: p99 } = progress;
    const bad = /** @type {const} */ (['refused', 'failed', 'aborted']).filter((name) => progress[name] > 0);
    const parts = [
      `${format.seconds(seconds)}: ${format.count(answered)} answered`,
      ...bad.map((name) => `${format.count(progress[name])} ${name}`),
      `${format.count(inFlight)} in flight`,
      ...(rate === null ? [] : [format.perSecond(rate)]),
      `p99 ${format.ms(p99)}`,
    ];
    this.#say(parts.join(', '), 'goes', `${mode}, ${plan}`);
  }

  /** @param {LastLoad} last */
  #result({ run, verdict, error }) {
    if (error) return this.#say(error, 'alarm');
    if (!run) return this.#say('The load has ended. No run was kept.');
    const link = () => {
      const made = element('a', '', 'show it');
      made.href = addressOf([run]);
      made.addEventListener('click', (event) => {
        event.preventDefault();
        this.visit(run);
      });
      return made;
    };
    const is = verdict === 'invalid' ? 'INVALID' : verdict;
    this.#say(`The last load’s run is ${is}: `, verdict === 'invalid' ? 'bad' : '', '', link);
  }

  /**
   * @param {string} text
   * @param {string} [kind]
   * @param {string} [about] what a hover says before the text
   * @param {() => Node} [link] makes a link behind the text
   */
  #say(text, kind = '', about = '', link) {
    for (const said of [this.said, this.report]) said.className = `said ${kind}`;
    for (const words of [this.words, this.report]) words.replaceChildren(text, ...(link ? [link()] : []));
    this.words.detail = () => [about, this.words.textContent].filter(Boolean).join(': ');
    this.changed();
  }
}

/**
 * A bare number is in seconds.
 * @param {string} text
 */
function duration(text) {
  return /^[\d.]+$/.test(text) ? `${text}s` : text;
}
