// One exercise: its text, what is predicted, the check and its verdict, hints, the solution.
//
// Responsible for: the order of these, and what each step asks of the server. What is right, the server
// says; nothing is judged here. predict.js is the form, verdict.js shows what came of a check, and
// markdown.js makes elements of texts.

import { code, inline, markdown } from './markdown.js';
import { element, format, write } from './panels.js';
import { Predictions } from './predict.js';
import { ask, order } from './server.js';
import { explanation, inUnit, verdict } from './verdict.js';

const LOOK_MS = 400;
const LOST_MS = 2000;

export class ExercisePage {
  #timer = null;
  #closed = false;
  #running = false;
  #most = 0; // events that were held when the load was over

  constructor(main, exercise) {
    this.exercise = exercise;
    this.api = `api/exercises/${encodeURIComponent(exercise.id)}`;
    this.predictions = exercise.questions.length > 0 ? new Predictions(exercise, this.api) : null;
    this.verdict = element('div', 'verdict-of-check');
    this.explained = element('div', '');
    const side = element('div', 'side', ...[
      exercise.code && this.#writing(),
      this.predictions?.section,
      this.#checking(),
      this.explained,
      this.#help(),
      element('p', 'terminal', 'The same in a terminal: ', element('code', '', `weir exercise start ${exercise.id}`)),
    ].filter(Boolean));
    main.replaceChildren(this.#head(), element('div', 'columns', element('section', 'card prose', markdown(exercise.text, { untitled: true })), side));
    this.#finished();
    this.#look();
  }

  /** Somebody has gone elsewhere. The check goes on. */
  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  // ---- the parts ----

  #head() {
    const { title, part, part_title: of, minutes, hard, code: coded } = this.exercise;
    this.state = element('span', 'state');
    const all = element('a', '', 'Exercises');
    all.href = '#';
    const tags = [coded && 'code', hard && 'hard'].filter(Boolean).map((tag) => element('small', 'tag', tag));
    return element('div', 'begin',
      element('p', 'crumbs', all, ` › Part ${part}${of ? `: ${of}` : ''}`),
      element('h1', '', title),
      element('p', 'about', `${minutes} minutes `, ...tags, this.state));
  }

  #writing() {
    const { task, file } = this.exercise.code;
    const command = `weir exercise watch ${this.exercise.id}`;
    return element('section', 'card', element('h2', '', 'Write'),
      element('p', '', inline(task)),
      element('dl', 'facts', element('div', '', element('dt', '', 'file'), element('dd', '', element('code', '', file))),
        element('div', '', element('dt', '', 'as you save'), element('dd', '', element('code', '', command)))));
  }

  #checking() {
    const { questions, code: coded, loads } = this.exercise;
    this.check = element('button', 'go', 'Check');
    this.check.addEventListener('click', () => (this.#running ? this.#stop() : this.#begin()));
    this.goes = element('p', 'goes');
    this.goes.setAttribute('role', 'status');
    this.bar = element('progress', '');
    this.bar.setAttribute('aria-label', 'How far the check has come');
    this.bar.hidden = true;
    const bench = element('a', '', 'the bench');
    bench.href = './';
    const about = questions.length
      ? [`Theory and a simulation say theirs, then the ${loads.length > 1 ? 'loads are made on benches of their' : 'load is made on a bench of its'} own. What you send yourself shows on `, bench, '; the check leaves it alone.']
      : ['Your code is compiled and run.'];
    if (questions.length && coded) about.push(' After that, your code is compiled and run.');
    return element('section', 'card check', element('h2', '', 'Check'), element('p', 'about', ...about),
      ...(questions.length && loads.length ? [this.#loads()] : []),
      element('div', 'act', this.check, this.goes), this.bar, this.verdict);
  }

  /** The loads, as they are made. What is the same for all is said once. */
  #loads() {
    const { loads, config } = this.exercise;
    const [{ faster }] = loads;
    const together = loads.every((load) => load.faster === faster);
    const speed = (times) => (times > 1 ? [element('small', '', `measured ${times} times faster and converted back; the simulation takes its time`)] : []);
    const items = loads.map(({ name, run, config: own, faster: times, edits }) => element('li', '',
      ...(loads.length > 1 ? [element('b', '', name), ': '] : []),
      element('code', '', `weir load ${run}`), ...settings(own),
      ...edits.flatMap(({ after, set }) => [`, after ${after} `, element('code', '', set)]),
      ...(together ? [] : speed(times))));
    const made = element('div', 'loads', element('ul', '', ...items));
    if (config.length) made.prepend(element('p', '', 'A bench', ...settings(config), ':'));
    made.append(...(together ? speed(faster) : []));
    return made;
  }

  #help() {
    const { hints, hints_in_all: most } = this.exercise;
    this.hints = element('ol', 'hints');
    this.hint = element('button', '');
    this.hint.addEventListener('click', () => this.#try(async () => {
      const { hints: given } = JSON.parse(await order(`${this.api}/hint`));
      this.#give(given, most);
      this.hints.lastElementChild?.scrollIntoView({ block: 'nearest' });
    }));
    const solve = this.#sure('Solution', 'It says the answers and why. You learn more by one more try.', 'Show it', 'Keep trying', () => this.#solve());
    const reset = this.#sure('Start anew', 'This forgets your answers, hints and checks of this exercise.', 'Forget them', 'Keep them', async () => {
      await order(`${this.api}/reset`);
      dispatchEvent(new Event('hashchange'));
    });
    this.said = element('p', 'alarm');
    this.said.setAttribute('role', 'alert');
    this.solution = element('div', 'solution');
    this.#give(hints, most);
    return element('section', 'card help', element('h2', '', 'Stuck?'), this.hints, element('div', 'act', this.hint, ...solve, ...reset), this.said, this.solution);
  }

  /** A button, and what asks whether it is meant. */
  #sure(name, warning, yes, not, work) {
    const button = element('button', '', name);
    const sure = element('button', 'danger', yes);
    const no = element('button', '', not);
    const asks = element('div', 'sure', element('p', '', warning), sure, no);
    asks.hidden = true;
    const show = (asking) => {
      button.disabled = asking;
      asks.hidden = !asking;
      (asking ? no : button).focus();
    };
    button.addEventListener('click', () => show(true));
    no.addEventListener('click', () => show(false));
    asks.addEventListener('keydown', (event) => event.key === 'Escape' && show(false));
    sure.addEventListener('click', () => {
      show(false);
      this.#try(work);
    });
    return [button, asks];
  }

  #give(hints, most) {
    this.hints.replaceChildren(...hints.map((hint) => element('li', '', inline(hint))));
    this.hint.disabled = hints.length >= most;
    if (hints.length >= most) write(this.hint, most ? 'That was the last hint' : 'No hints');
    else write(this.hint, `${hints.length ? 'Next hint' : 'A hint'} (${hints.length + 1} of ${most})`);
  }

  async #solve() {
    const { answers, explanation: why, code: solved } = JSON.parse(await order(`${this.api}/solution`));
    const made = [element('h3', '', 'Solution')];
    if (answers.length) {
      made.push(element('dl', 'facts', ...answers.map(({ name, answer, unit }) => element('div', '', element('dt', '', name), element('dd', '', inUnit(answer, unit))))));
    }
    if (!this.exercise.state.finished) made.push(element('div', 'prose', markdown(why)));
    if (solved) made.push(code(solved.split('\n'), 'rust'));
    this.solution.replaceChildren(...made);
    this.solution.scrollIntoView({ block: 'nearest' });
  }

  async #try(work) {
    write(this.said, '');
    try {
      await work();
    } catch (error) {
      write(this.said, error.message);
    }
  }

  // ---- the check ----

  async #begin() {
    if (this.predictions?.focusOpen()) return this.#tell('Predict first: that is what you learn from.', true);
    if (this.predictions && !await this.predictions.save()) return this.#tell('Not begun: an answer cannot be written down.', true);
    this.#tell('beginning …');
    this.check.disabled = true;
    try {
      await order(`${this.api}/check`);
      this.verdict.replaceChildren();
      await this.#look();
    } catch (error) {
      this.#tell(error.message, true);
      this.check.disabled = false;
    }
  }

  async #stop() {
    this.#tell('stopping …');
    await order(`${this.api}/check/stop`).catch((error) => this.#tell(error.message, true));
  }

  /** Looks how the check goes, and again as long as it does. */
  async #look() {
    clearTimeout(this.#timer);
    let state;
    try {
      state = await ask(`${this.api}/check`);
    } catch (error) {
      if (this.#closed) return;
      this.#tell(`${error.message}; trying again`, true);
      this.#timer = setTimeout(() => this.#look(), LOST_MS);
      return;
    }
    if (this.#closed) return;
    const ended = this.#running && !state.running;
    this.#running = state.running;
    write(this.check, state.running ? 'Stop' : state.result ? 'Check again' : 'Check');
    this.check.classList.toggle('stop', state.running);
    this.check.disabled = state.stage === 'code'; // a compiler ends by itself
    this.bar.hidden = !state.running;
    if (state.running) {
      this.#progress(state);
      this.#timer = setTimeout(() => this.#look(), LOOK_MS);
      return;
    }
    this.#most = 0;
    if (state.error) this.#tell(state.error, true);
    else this.#tell(state.other ? `A check of ${state.other} is running; there is one at a time.` : '');
    this.verdict.replaceChildren(...(state.result ? verdict(state.result) : []));
    if (!ended) return;
    const now = await ask(this.api).catch(() => null);
    if (now && !this.#closed) {
      Object.assign(this.exercise, { state: now.state, explanation: now.explanation });
      this.#finished();
    }
    this.verdict.scrollIntoView({ block: 'nearest' });
  }

  #progress({ stage, load, progress, held }) {
    const at = this.exercise.loads.findIndex(({ name }) => name === load);
    const name = this.exercise.loads.length > 1 && at >= 0 ? `load ${at + 1} of ${this.exercise.loads.length}, ${load}: ` : '';
    this.bar.removeAttribute('value');
    if (stage === 'preparing') return this.#tell(`${name}theory and simulation …`);
    if (stage === 'code') return this.#tell('compiling and running your code …');
    if (stage === 'draining') {
      this.#most = Math.max(this.#most, held);
      this.bar.max = Math.max(1, this.#most);
      this.bar.value = this.#most - held;
      return this.#tell(`${name}sent; ${format.count(held)} ${held === 1 ? 'event' : 'events'} still in the bench`);
    }
    this.#most = 0;
    const { seconds, answered, refused, failed, in_flight: inFlight, rate } = progress;
    const bad = [['refused', refused], ['failed', failed]].filter(([, count]) => count > 0);
    return this.#tell(`${name}${[
      `${format.seconds(seconds)}`, `${format.count(answered)} answered`,
      ...bad.map(([what, count]) => `${format.count(count)} ${what}`),
      `${format.count(inFlight)} in flight`, format.perSecond(rate)].join(', ')}`);
  }

  #tell(text, alarm = false) {
    write(this.goes, text);
    this.goes.classList.toggle('alarm', alarm);
  }

  /** What is there once the exercise is finished: the mark, the explanation, the way on. */
  #finished() {
    const { state, explanation: why, next } = this.exercise;
    write(this.state, state.finished ? '✓ finished' : '');
    if (!state.finished) return;
    this.explained.replaceChildren(explanation(why));
    const on = element('a', 'go', next ? `Next: ${next.title}` : 'All exercises');
    on.href = next ? `#${encodeURIComponent(next.id)}` : '#';
    this.explained.firstElementChild.append(element('p', 'next-exercise', on));
  }
}

/** Settings behind what they are of. */
function settings(config) {
  return config.flatMap((setting, index) => [index ? ', ' : ' with ', element('code', '', setting)]);
}
