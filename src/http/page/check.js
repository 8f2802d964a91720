// The check of an exercise: how it is begun, how it goes, and what came of it.
//
// Responsible for: the card, and asking the server how the check goes. It runs there, whoever looks:
// another page may have begun it, and it goes on when this one is closed. What came of it looks as
// verdict.js has it.

import { command, typed } from './commands.js';
import { element, write } from './dom.js';
import { format } from './format.js';
import { ask, order } from './server.js';
import { outcome, verdict } from './verdict.js';

const LOOK_MS = 400;
const LOST_MS = 2000;
const OTHER_MS = 3000;

export class Check {
  #timer = null;
  #turn = 0; // of several looks only the last one counts
  #busy = false; // something was clicked, and is not done yet
  #stopping = false;
  #state = {};
  #result = null; // what came of the last check that came to something
  #load = null;
  #most = 0; // events that were held when the load was over
  #compiling = null; // since when

  /** `ended` is called when a check is over that was seen running. */
  constructor(exercise, api, predictions, ended) {
    Object.assign(this, { exercise, api, predictions, ended });
    const { questions, code, loads } = exercise;
    this.button = element('button', 'go', 'Check');
    this.button.addEventListener('click', () => {
      if (this.button.ariaDisabled === 'true') return;
      if (this.#state.running) this.#stop();
      else this.#begin();
    });
    this.again = element('button', '', 'Measure again');
    this.again.hidden = true;
    this.again.addEventListener('click', () => this.again.ariaDisabled !== 'true' && this.#begin({ again: true }));
    this.message = element('p', 'message');
    this.message.setAttribute('role', 'status');
    this.pace = element('p', 'pace');
    this.bar = element('progress', '');
    this.bar.setAttribute('aria-label', 'How far the check has come');
    this.bar.hidden = true;
    this.outcome = element('p', 'outcome');
    this.outcome.setAttribute('role', 'status');
    this.earlier = element('p', 'earlier');
    this.verdict = element('div', 'verdict-of-check');
    const bench = element('a', '', 'the bench');
    bench.href = './';
    const about = questions.length
      ? [
          `Theory and a simulation say theirs, then the ${loads.length > 1 ? 'loads are made on benches of their' : 'load is made on a bench of its'} own. What you send yourself shows on `,
          bench,
          '; the check leaves it alone.',
        ]
      : ['Your code is compiled and run.'];
    if (questions.length && code) about.push(' After that, your code is compiled and run.');
    const parts = [element('h2', '', 'Check'), element('p', 'about', ...about)];
    if (questions.length && loads.length) {
      this.loads = list(exercise);
      this.later = element(
        'p',
        'about',
        `The ${loads.length > 1 ? 'loads are' : 'load is'} shown when everything is written down.`,
      );
      parts.push(this.loads, this.later);
    }
    parts.push(
      element('div', 'act', this.button, this.again, element('div', 'goes', this.message, this.pace)),
      this.bar,
      this.outcome,
      this.earlier,
      this.verdict,
    );
    this.section = element('section', 'card check', ...parts);
    if (predictions) predictions.changed = () => this.#answers();
    this.#answers();
  }

  /** Somebody has gone elsewhere. The check goes on. */
  close() {
    this.#turn += 1;
    clearTimeout(this.#timer);
  }

  /** New answers are judged by the last measurement, unless another is asked for. */
  async #begin(how = {}) {
    if (this.predictions?.focusOpen()) return this.#tell('Predict first: that is what you learn from.', true);
    this.#wait(true);
    try {
      const why = await this.predictions?.save();
      if (why) return this.#tell(`Not begun: ${why}`, true);
      this.#tell('beginning …');
      await order(`${this.api}/check`, how);
      await this.look();
    } catch (error) {
      this.#tell(`Not begun: ${error.message}`, true);
      // Somebody else was first: this very check, perhaps.
      if (error.status === 409) await this.look();
    } finally {
      this.#wait(false);
    }
  }

  async #stop() {
    this.#stopping = true;
    write(this.pace, '');
    this.#tell('stopping …');
    try {
      await order(`${this.api}/check/stop`);
    } catch (error) {
      this.#stopping = false;
      this.#tell(`Not stopped: ${error.message}`, true);
    }
  }

  /** Looks how the check goes, and again as long as it does. */
  async look() {
    clearTimeout(this.#timer);
    this.#turn += 1;
    const mine = this.#turn;
    let state;
    try {
      state = await ask(`${this.api}/check`);
    } catch (error) {
      if (mine !== this.#turn) return;
      write(this.pace, '');
      this.#tell(`${error.message}; trying again`, true);
      this.#again(LOST_MS);
      return;
    }
    if (mine !== this.#turn) return;
    const { running: was } = this.#state;
    this.#state = state;
    if (state.result) this.#show(state.result);
    write(this.button, state.running ? 'Stop' : this.#result ? 'Check again' : 'Check');
    this.button.classList.toggle('stop', state.running);
    this.again.hidden = state.running || !this.#result || this.exercise.loads.length === 0;
    this.#wait(this.#busy);
    this.bar.hidden = !state.running;
    this.#mark();
    if (state.running) {
      this.#progress(state);
      this.#again(LOOK_MS);
      return;
    }
    this.#stopping = false;
    this.#compiling = null;
    this.#load = null;
    write(this.pace, '');
    if (state.error) this.#tell(state.error, true);
    else if (state.other) this.#tell(`A check of ${state.other} is running; there is one at a time.`);
    else if (was && !state.result) this.#tell('This check is lost: the server was started anew. Check again.', true);
    else if (was || !this.message.textContent.startsWith('This check is lost')) this.#tell('');
    if (state.other) this.#again(OTHER_MS);
    if (!was) return;
    await this.ended();
    this.outcome.scrollIntoView({ block: 'nearest' });
  }

  #again(after) {
    this.#timer = setTimeout(() => this.look(), after);
  }

  #progress({ stage, load, progress, held }) {
    if (load !== this.#load) this.#most = 0;
    this.#load = load;
    this.bar.removeAttribute('value');
    if (this.#stopping) return;
    this.#tell('');
    const { loads } = this.exercise;
    const at = loads.findIndex(({ name }) => name === load);
    const name = loads.length > 1 && at >= 0 ? `load ${at + 1} of ${loads.length}, ${load}: ` : '';
    write(this.pace, `${name}${this.#doing(stage, progress, held)}`);
  }

  /** What goes on. Its figures are at the pace that is asked about, as those of the verdict are. */
  #doing(stage, progress, held) {
    if (stage === 'preparing') return 'theory and simulation …';
    if (stage === 'code') {
      this.#compiling ??= performance.now();
      const seconds = Math.floor((performance.now() - this.#compiling) / 1000);
      return `compiling and running your code, ${format.seconds(seconds)}; the first time takes a minute or three`;
    }
    if (stage === 'draining') {
      this.#most = Math.max(this.#most, held);
      this.bar.max = Math.max(1, this.#most);
      this.bar.value = this.#most - held;
      return `sent; ${format.count(held)} ${held === 1 ? 'event' : 'events'} still in the bench`;
    }
    const { seconds, answered, refused, failed, in_flight: inFlight, rate } = progress;
    const bad = [
      ['refused', refused],
      ['failed', failed],
    ].filter(([, count]) => count > 0);
    return [
      format.seconds(seconds),
      `${format.count(answered)} answered`,
      ...bad.map(([what, count]) => `${format.count(count)} ${what}`),
      `${format.count(inFlight)} in flight`,
      format.perSecond(rate),
    ].join(', ');
  }

  #show(result) {
    if (JSON.stringify(result) === JSON.stringify(this.#result)) return;
    this.#result = result;
    this.verdict.replaceChildren(...verdict(result, this.exercise));
  }

  /** What somebody has answered is no longer what it was. */
  #answers() {
    if (this.loads) {
      this.loads.hidden = !this.predictions.complete;
      this.later.hidden = this.predictions.complete;
    }
    this.#mark();
  }

  /** Whether what is shown is of this check, and of these answers. */
  #mark() {
    const { running, result } = this.#state;
    const shown = Boolean(this.#result) && !running;
    const differ = shown && this.predictions?.differ(this.#result.questions);
    const before = shown && !result;
    const whose = before ? 'Of the last check that was finished' : differ ? 'Of your earlier answers' : '';
    write(this.outcome, shown ? outcome(this.#result) : ''); // said aloud as it comes
    this.verdict.hidden = !shown;
    this.earlier.hidden = !whose;
    write(this.earlier, before && differ ? `${whose}, and of other answers` : whose);
    this.outcome.classList.toggle('passed', shown && this.#result.passed);
    this.section.classList.toggle('is-earlier', Boolean(whose));
  }

  /** The button keeps its focus while it does nothing. A compiler ends by itself. */
  #wait(busy) {
    this.#busy = busy;
    this.button.ariaDisabled = String(busy || this.#state.stage === 'code');
    this.again.ariaDisabled = String(busy);
  }

  #tell(text, alarm = false) {
    write(this.message, text);
    this.message.classList.toggle('alarm', alarm);
  }
}

/** The loads, as they are made. What is the same for all is said once. */
function list({ loads, config }) {
  const [{ faster }] = loads;
  const together = loads.every((load) => load.faster === faster);
  const speed = (times) =>
    times > 1
      ? [
          element(
            'small',
            '',
            `Measured ${times} times faster than shown, then converted; the simulation runs at the real pace`,
          ),
        ]
      : [];
  const items = loads.map(({ name, run, config: own, faster: times, edits }) =>
    element(
      'li',
      '',
      ...(loads.length > 1 ? [element('b', '', name), ': '] : []),
      typed(command(`weir load ${run}`)),
      ...settings(own),
      ...edits.flatMap(({ after, set }) => [`, after ${after} `, element('code', '', set)]),
      ...(together ? [] : speed(times)),
    ),
  );
  const made = element('div', 'loads', ...(together ? speed(faster) : []), element('ul', '', ...items));
  if (config.length) made.prepend(element('p', '', 'A bench', ...settings(config), ':'));
  return made;
}

/** Settings behind what they are of. */
function settings(config) {
  return config.flatMap((setting, index) => [index ? ', ' : ' with ', element('code', '', setting)]);
}
