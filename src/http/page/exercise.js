// @ts-check
// One exercise: its text, the predictions, the check and its verdict, hints, the solution.
//
// Responsible for: the order of these, and staying up to date: the exercise may be changed on another page
// or in a terminal. predict.js is the form, check.js the check, verdict.js its result, stuck.js the hints
// and the solution, and prose.js makes elements of texts. The server judges.

import { Check } from './check.js';
import { isOff } from './control.js';
import { element, write } from './dom.js';
import { tagsOf } from './exercise-list.js';
import { Predictions } from './predict.js';
import { prose } from './prose.js';
import { ask } from './server.js';
import { Stuck } from './stuck.js';
import { explanation } from './verdict.js';

/** @import { CodeTask, Exercise } from './workshop.d.ts' */

export class ExercisePage {
  #closing = new AbortController();
  #state = element('span', 'state');
  #explained = element('div', '');

  /**
   * @param {HTMLElement} main
   * @param {Exercise} exercise
   */
  constructor(main, exercise) {
    this.exercise = exercise;
    this.api = `api/exercises/${encodeURIComponent(exercise.id)}`;
    const { needs } = exercise;
    this.predictions = exercise.questions.length > 0 && !needs ? new Predictions(exercise, this.api) : null;
    this.check = new Check(exercise, this.api, this.predictions, () => this.#refresh());
    this.stuck = new Stuck(exercise, this.api);
    const side = element('div', 'side');
    if (exercise.code) side.append(writing(exercise.id, exercise.code));
    if (this.predictions) side.append(this.predictions.section);
    if (needs) side.append(element('section', 'card', element('p', 'message', needs.sentence)));
    else side.append(this.check.section);
    side.append(this.#explained, this.stuck.section);
    side.append(element('p', 'terminal', 'In a terminal: ', element('code', '', `weir exercise start ${exercise.id}`)));
    const text = element('section', 'card prose', prose(exercise.html.text));
    main.replaceChildren(this.#head(), element('div', 'columns', text, side));
    if (this.predictions) this.predictions.form.inert = isOff();
    this.#finished();
    this.check.look();
    const { signal } = this.#closing;
    const back = () => {
      if (document.visibilityState !== 'visible') return;
      this.#refresh();
      this.check.look();
    };
    document.addEventListener('visibilitychange', back, { signal });
    addEventListener('focus', back, { signal });
  }

  /** Another page is shown. The check goes on. */
  close() {
    this.#closing.abort();
    this.check.close();
  }

  /** Takes over what was done meanwhile: by a check, on another page, in a terminal. */
  async #refresh() {
    /** @type {Promise<Exercise>} */
    const asking = ask(this.api);
    const now = await (this.predictions?.adopt(asking) ?? asking).catch(() => null);
    if (!now || this.#closing.signal.aborted) return;
    const { state, html } = now;
    this.stuck.adopt(html.hints);
    const before = this.exercise;
    const differs = state.finished !== before.state.finished || html.explanation !== before.html.explanation;
    Object.assign(this.exercise, { state, html });
    if (differs) this.#finished();
  }

  #head() {
    const { title, part, part_title: of, minutes } = this.exercise;
    const all = element('a', '', 'Exercises');
    all.href = '#';
    return element(
      'div',
      'begin',
      element('p', 'crumbs', all, ` › Part ${part}${of ? `: ${of}` : ''}`),
      element('h1', '', title),
      element('p', 'about', `${minutes} minutes `, ...tagsOf(this.exercise), this.#state),
    );
  }

  /** Shows what there is once every question was answered in a check: the score, the explanation, the way on. */
  #finished() {
    const {
      state,
      html: { explanation: why },
      next,
    } = this.exercise;
    const score = state.score ? `first attempt: ${state.score.right} of ${state.score.of} right` : '';
    write(this.#state, [state.finished ? '✓ finished' : '', score].filter(Boolean).join(', '));
    if (!why) return this.#explained.replaceChildren();
    const on = element('a', 'go', next ? `Next: ${next.title}` : 'All exercises');
    on.href = next ? `#${encodeURIComponent(next.id)}` : '#';
    const card = explanation(why);
    card.append(element('p', 'next-exercise', on));
    this.#explained.replaceChildren(card);
  }
}

/**
 * The code to write.
 * @param {string} id
 * @param {CodeTask} code
 */
function writing(id, { html, file }) {
  /**
   * @param {string} name
   * @param {string} text
   */
  const fact = (name, text) =>
    element('div', '', element('dt', '', name), element('dd', '', element('code', '', text)));
  return element(
    'section',
    'card',
    element('h2', '', 'Write'),
    element('p', '', prose(html.task)),
    element('dl', 'facts', fact('file', file), fact('check on save', `weir exercise watch ${id}`)),
  );
}
