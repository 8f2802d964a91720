// @ts-check
// The check of an exercise: starting it, following it, and showing its result.
//
// Responsible for: the card, and asking the server for the state. The check runs on the server: another
// page may have started it, and it goes on when this one is closed. Its progress in words is left to
// check-progress.js, the result to verdict.js.

import { loadList } from './check-loads.js';
import { CheckProgress } from './check-progress.js';
import { element, write } from './dom.js';
import { ask, messageOf, order, statusOf } from './server.js';
import { outcome, verdict } from './verdict.js';

/** @import { CheckState, Exercise, Result } from './workshop.d.ts' */
/** @import { Predictions } from './predict.js' */

const LOOK_MS = 400;
const LOST_MS = 2000;
const OTHER_MS = 3000;

export class Check {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #turn = 0; // of several requests for the state only the last one counts
  #busy = false; // a click is being worked on
  #stopping = false;
  #lost = false; // whether a running check has vanished
  /** @type {CheckState | null} */
  #state = null;
  /** @type {Result | null} the result of the last check that had one */
  #result = null;

  /**
   * @param {Exercise} exercise
   * @param {string} api
   * @param {Predictions | null} predictions
   * @param {() => Promise<void>} ended called when a check has ended that was seen running
   */
  constructor(exercise, api, predictions, ended) {
    this.exercise = exercise;
    this.api = api;
    this.predictions = predictions;
    this.ended = ended;
    const { questions, loads } = exercise;
    this.button = element('button', 'go', 'Check');
    this.button.addEventListener('click', () => {
      if (this.button.ariaDisabled === 'true') return;
      if (this.#state?.running) this.#stop();
      else this.#begin();
    });
    this.again = element('button', '', 'Measure again');
    this.again.hidden = true;
    this.again.addEventListener('click', () => {
      if (this.again.ariaDisabled !== 'true') this.#begin({ again: true });
    });
    this.message = element('p', 'message');
    this.message.setAttribute('role', 'status');
    this.progress = new CheckProgress(loads);
    this.outcome = element('p', 'outcome');
    this.outcome.setAttribute('role', 'status');
    this.earlier = element('p', 'earlier');
    this.verdict = element('div', 'verdict-of-check');
    const hasLoads = questions.length > 0 && loads.length > 0;
    this.loads = hasLoads ? loadList(exercise) : null;
    const later = `The ${loads.length > 1 ? 'loads are' : 'load is'} shown once every answer is saved.`;
    this.later = element('p', 'about', hasLoads ? later : '');
    /** @type {HTMLElement[]} */
    const parts = [element('h2', '', 'Check'), about(exercise)];
    if (this.loads) parts.push(this.loads, this.later);
    const goes = element('div', 'goes', this.message, this.progress.line);
    parts.push(element('div', 'act', this.button, this.again, goes), this.progress.bar);
    parts.push(this.outcome, this.earlier, this.verdict);
    this.section = element('section', 'card check', ...parts);
    if (predictions) predictions.changed = () => this.#answersChanged();
    this.#answersChanged();
  }

  /** Another page is shown. The check goes on. */
  close() {
    this.#turn += 1;
    clearTimeout(this.#timer);
  }

  /**
   * Starts a check. New answers are judged by the last measurement, unless another is asked for.
   * @param {{ again?: boolean }} [how]
   */
  async #begin(how = {}) {
    if (this.predictions?.focusOpen()) return this.#tell('Predict first: that is what you learn from.', true);
    this.#wait(true);
    try {
      const why = await this.predictions?.save();
      if (why) return this.#tell(`Not started: ${why}`, true);
      this.#tell('starting …');
      await order(`${this.api}/check`, how);
      await this.look();
    } catch (error) {
      this.#tell(`Not started: ${messageOf(error)}`, true);
      // Another page may have started this very check.
      if (statusOf(error) === 409) await this.look();
    } finally {
      this.#wait(false);
    }
  }

  async #stop() {
    this.#stopping = true;
    this.progress.clear();
    this.#tell('stopping …');
    try {
      await order(`${this.api}/check/stop`);
    } catch (error) {
      this.#stopping = false;
      this.#tell(`Not stopped: ${messageOf(error)}`, true);
    }
  }

  /** Asks for the state of the check, and again while it runs. */
  async look() {
    clearTimeout(this.#timer);
    this.#turn += 1;
    const mine = this.#turn;
    /** @type {CheckState} */
    let state;
    try {
      state = await ask(`${this.api}/check`);
    } catch (error) {
      if (mine !== this.#turn) return;
      this.progress.clear();
      this.#tell(`${messageOf(error)}; retrying`, true);
      this.#lookAfter(LOST_MS);
      return;
    }
    if (mine !== this.#turn) return;
    const wasRunning = this.#state?.running ?? false;
    this.#state = state;
    if (state.result) this.#show(state.result);
    write(this.button, state.running ? 'Stop' : this.#result ? 'Check again' : 'Check');
    this.button.classList.toggle('stop', state.running);
    this.again.hidden = state.running || !this.#result || this.exercise.loads.length === 0;
    this.#wait(this.#busy);
    this.#mark();
    this.progress.update(state, this.#stopping);
    if (state.running) {
      if (!this.#stopping) this.#tell('');
      this.#lookAfter(LOOK_MS);
      return;
    }
    this.#stopping = false;
    this.#lost = !wasRunning && this.#lost;
    if (state.error) this.#tell(state.error, true);
    else if (state.other) this.#tell(`A check of ${state.other} is running, and only one can run at a time.`);
    else if (wasRunning && !state.result) {
      this.#lost = true;
      this.#tell('The server was restarted and this check is lost. Check again.', true);
    } else if (!this.#lost) this.#tell('');
    if (state.other) this.#lookAfter(OTHER_MS);
    if (!wasRunning) return;
    await this.ended();
    this.outcome.scrollIntoView({ block: 'nearest' });
  }

  /** @param {number} ms */
  #lookAfter(ms) {
    this.#timer = setTimeout(() => this.look(), ms);
  }

  /** @param {Result} result */
  #show(result) {
    if (JSON.stringify(result) === JSON.stringify(this.#result)) return;
    this.#result = result;
    this.verdict.replaceChildren(...verdict(result, this.exercise));
  }

  /** The answers in the form have changed, or those on the server. */
  #answersChanged() {
    if (this.loads && this.predictions) {
      this.loads.hidden = !this.predictions.complete;
      this.later.hidden = this.predictions.complete;
    }
    this.#mark();
  }

  /** Says whether the result that is shown is of this check, and of these answers. */
  #mark() {
    const result = this.#state?.running ? null : this.#result;
    const differ = Boolean(result && this.predictions?.differ(result.questions));
    const isBefore = Boolean(result && !this.#state?.result);
    const whose = isBefore
      ? `Of the last finished check${differ ? ', and of other answers' : ''}`
      : differ
        ? 'Of your earlier answers'
        : '';
    write(this.outcome, result ? outcome(result) : ''); // a screen reader says it as it comes
    this.verdict.hidden = !result;
    this.earlier.hidden = !whose;
    write(this.earlier, whose);
    this.outcome.classList.toggle('passed', Boolean(result?.passed));
    this.section.classList.toggle('is-earlier', Boolean(whose));
  }

  /**
   * Takes no clicks while one is being worked on; a button keeps its focus meanwhile. Compiling cannot be
   * stopped, and ends by itself.
   * @param {boolean} busy
   */
  #wait(busy) {
    this.#busy = busy;
    this.button.ariaDisabled = String(busy || this.#state?.stage === 'code');
    this.again.ariaDisabled = String(busy);
  }

  /**
   * @param {string} text
   * @param {boolean} [alarm]
   */
  #tell(text, alarm = false) {
    write(this.message, text);
    this.message.classList.toggle('alarm', alarm);
  }
}

/**
 * What a check does.
 * @param {Exercise} exercise
 */
function about({ questions, code, loads }) {
  const made = element('p', 'about');
  if (questions.length === 0) {
    made.append('Your code is compiled and run.');
    return made;
  }
  const bench = element('a', '', 'the bench');
  bench.href = './';
  const own = loads.length > 1 ? 'the loads are made on benches' : 'the load is made on a bench';
  made.append(
    `Theory and a simulation give their numbers, then ${own} of their own. Requests that you send yourself show on `,
    bench,
    '; the check does not touch it.',
  );
  if (code) made.append(' After that, your code is compiled and run.');
  return made;
}
