// One exercise: its text, what is predicted, the check and its verdict, hints, the solution.
//
// Responsible for: the order of these, what each step asks of the server, and that nothing here is older
// than what the server has: it may be changed on another page or in a terminal. What is right, the server
// says; nothing is judged here. predict.js is the form, check.js the check and its verdict, and markdown.js
// makes elements of texts.

import { Check } from './check.js';
import { isOff } from './control.js';
import { element, write } from './dom.js';
import { code, inline, markdown } from './markdown.js';
import { Predictions } from './predict.js';
import { ask, order } from './server.js';
import { explanation, inUnit } from './verdict.js';

export class ExercisePage {
  #closing = new AbortController();

  constructor(main, exercise) {
    this.exercise = exercise;
    this.api = `api/exercises/${encodeURIComponent(exercise.id)}`;
    this.predictions = exercise.questions.length > 0 ? new Predictions(exercise, this.api) : null;
    this.check = new Check(exercise, this.api, this.predictions, () => this.#refresh());
    this.explained = element('div', '');
    const side = element(
      'div',
      'side',
      ...[
        exercise.code && this.#writing(),
        this.predictions?.section,
        this.check.section,
        this.explained,
        this.#help(),
        element('p', 'terminal', 'The same in a terminal: ', element('code', '', `weir exercise start ${exercise.id}`)),
      ].filter(Boolean),
    );
    main.replaceChildren(
      this.#head(),
      element('div', 'columns', element('section', 'card prose', markdown(exercise.text, { untitled: true })), side),
    );
    if (this.predictions) this.predictions.form.inert = isOff();
    this.#finished();
    this.check.look();
    const { signal } = this.#closing;
    const back = () => document.visibilityState === 'visible' && Promise.all([this.#refresh(), this.check.look()]);
    document.addEventListener('visibilitychange', back, { signal });
    addEventListener('focus', back, { signal });
  }

  /** Somebody has gone elsewhere. The check goes on. */
  close() {
    this.#closing.abort();
    this.check.close();
  }

  /** Takes over what was done meanwhile: by a check, on another page, in a terminal. */
  async #refresh() {
    const asking = ask(this.api);
    const now = await (this.predictions?.adopt(asking) ?? asking).catch(() => null);
    if (!now || this.#closing.signal.aborted) return;
    const { state, explanation: why, hints } = now;
    if (hints.length !== this.hints.children.length) this.#give(hints, now.hints_in_all);
    const before = this.exercise;
    const news = state.finished !== before.state.finished || why !== before.explanation;
    Object.assign(this.exercise, { state, explanation: why });
    if (news) this.#finished();
  }

  // ---- the parts ----

  #head() {
    const { title, part, part_title: of, minutes, hard, code: coded } = this.exercise;
    this.state = element('span', 'state');
    const all = element('a', '', 'Exercises');
    all.href = '#';
    const tags = [coded && 'code', hard && 'hard'].filter(Boolean).map((tag) => element('small', 'tag', tag));
    return element(
      'div',
      'begin',
      element('p', 'crumbs', all, ` › Part ${part}${of ? `: ${of}` : ''}`),
      element('h1', '', title),
      element('p', 'about', `${minutes} minutes `, ...tags, this.state),
    );
  }

  #writing() {
    const { task, file } = this.exercise.code;
    const command = `weir exercise watch ${this.exercise.id}`;
    return element(
      'section',
      'card',
      element('h2', '', 'Write'),
      element('p', '', inline(task)),
      element(
        'dl',
        'facts',
        element('div', '', element('dt', '', 'file'), element('dd', '', element('code', '', file))),
        element('div', '', element('dt', '', 'as you save'), element('dd', '', element('code', '', command))),
      ),
    );
  }

  #help() {
    const { hints, hints_in_all: most } = this.exercise;
    this.hints = element('ol', 'hints');
    this.hint = element('button', '');
    this.hint.addEventListener(
      'click',
      () =>
        this.hint.ariaDisabled !== 'true' &&
        this.#try(async () => {
          const { hints: given } = JSON.parse(await order(`${this.api}/hint`));
          this.#give(given, most);
          this.hints.lastElementChild?.scrollIntoView({ block: 'nearest' });
        }),
    );
    const solve = this.#sure(
      'Solution',
      'It says the answers and why. You learn more by one more try.',
      'Show it',
      'Keep trying',
      () => this.#solve(),
    );
    const reset = this.#sure(
      'Start anew',
      'This forgets your answers, hints and checks of this exercise.',
      'Forget them',
      'Keep them',
      async () => {
        await order(`${this.api}/reset`);
        dispatchEvent(new Event('hashchange'));
      },
    );
    this.said = element('p', 'alarm');
    this.said.setAttribute('role', 'alert');
    this.solution = element('div', 'solution');
    this.#give(hints, most);
    return element(
      'section',
      'card help',
      element('h2', '', 'Stuck?'),
      this.hints,
      element('div', 'act', this.hint, ...solve, ...reset),
      this.said,
      this.solution,
    );
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
    this.hint.ariaDisabled = String(hints.length >= most); // it keeps its focus
    if (hints.length >= most) write(this.hint, most ? 'That was the last hint' : 'No hints');
    else write(this.hint, `${hints.length ? 'Next hint' : 'A hint'} (${hints.length + 1} of ${most})`);
  }

  async #solve() {
    const { answers, explanation: why, code: solved } = JSON.parse(await order(`${this.api}/solution`));
    const made = [element('h3', '', 'Solution')];
    if (answers.length) {
      made.push(
        element(
          'dl',
          'answers',
          ...answers.map(({ name, ask: asked, answer, unit }) =>
            element(
              'div',
              '',
              element('dt', '', inline(asked ?? name)),
              element('dd', '', inline(inUnit(answer, unit))),
            ),
          ),
        ),
      );
    }
    if (!this.exercise.explanation) made.push(element('div', 'prose', markdown(why)));
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

  /** What is there after the first check in which everything was answered: the score, the explanation, the way on. */
  #finished() {
    const { state, explanation: why, next } = this.exercise;
    const score = state.score ? `first attempt: ${state.score.right} of ${state.score.of} right` : '';
    write(this.state, [state.finished ? '✓ finished' : '', score].filter(Boolean).join(', '));
    if (!why) return this.explained.replaceChildren();
    this.explained.replaceChildren(explanation(why));
    const on = element('a', 'go', next ? `Next: ${next.title}` : 'All exercises');
    on.href = next ? `#${encodeURIComponent(next.id)}` : '#';
    this.explained.firstElementChild.append(element('p', 'next-exercise', on));
  }
}
