// @ts-check
// The list of exercises, with a participant's progress.

import { element } from './dom.js';

/** @import { ExerciseSet, ListedExercise } from './workshop.d.ts' */

/**
 * @param {ExerciseSet} set
 * @returns {HTMLElement[]}
 */
export function list({ title, parts, exercises }) {
  const next = exercises.find((exercise) => !exercise.finished && !exercise.needs);
  const sections = parts
    .map((name, index) => ({ name, index, ofPart: exercises.filter(({ part }) => part === index + 1) }))
    .filter(({ ofPart }) => ofPart.length > 0)
    .map(({ name, index, ofPart }) => {
      const done = element('small', '', `${finishedOf(ofPart)} of ${ofPart.length}`);
      const rows = ofPart.map((exercise) => row(exercise, exercise === next));
      const heading = element('h2', '', `Part ${index + 1}: ${name} `, done);
      return element('section', 'card part-of-set', heading, element('ol', '', ...rows));
    });
  const foot = element(
    'p',
    'foot',
    'In a terminal: ',
    element('code', '', 'weir exercise list'),
    '. Both share one file for your progress.',
  );
  return [head(title, exercises, next), ...sections, foot];
}

/**
 * A link to an exercise; to the list without an id.
 * @param {string} id
 * @param {string} className
 * @param {...(Node | string)} content
 */
export function link(id, className, ...content) {
  const made = element('a', className, ...content);
  made.href = `#${encodeURIComponent(id)}`;
  return made;
}

/**
 * What an exercise is beyond a form.
 * @param {{ code: unknown, hard: boolean, needs: { what: string } | null }} exercise
 */
export function tagsOf({ code, hard, needs }) {
  const tags = [];
  if (code) tags.push('code');
  if (hard) tags.push('hard');
  if (needs) tags.push(`needs ${needs.what}`);
  return tags.map((tag) => element('small', 'tag', tag));
}

/** @param {ListedExercise[]} exercises */
const finishedOf = (exercises) => exercises.filter(({ finished }) => finished).length;

/**
 * @param {string} title
 * @param {ListedExercise[]} exercises
 * @param {ListedExercise | undefined} next the first that is not finished
 */
function head(title, exercises, next) {
  const checked = exercises.filter(({ needs }) => !needs);
  const finished = finishedOf(checked);
  const bar = element('progress', '');
  bar.max = Math.max(1, checked.length);
  bar.value = finished;
  bar.setAttribute('aria-label', 'Finished exercises');
  const lead =
    'Each exercise asks you for numbers, or for a few lines of code. Write down what you think. Then theory, a simulation and a real load give their numbers, and you see how far off each of yours was, and why.';
  const count = element('p', '', element('b', '', `${finished} of ${checked.length}`), ' finished');
  const made = element(
    'div',
    'begin',
    element('h1', '', title),
    element('p', 'lead', lead),
    element('div', 'how-far', bar, count),
  );
  if (next) {
    const isBegun = finished || next.checks || next.predicted;
    made.append(link(next.id, 'go', `${isBegun ? 'Go on with' : 'Begin with'} “${next.title}”`));
  } else {
    made.append(element('p', 'done', 'All done. What remains is to break Weir in ways that we have not thought of.'));
  }
  return made;
}

/**
 * @param {ListedExercise} exercise
 * @param {boolean} isNext
 */
function row(exercise, isNext) {
  const [mark, state] = progress(exercise);
  const sign = element('span', `sign ${exercise.finished ? 'finished' : ''}`, mark);
  sign.setAttribute('aria-hidden', 'true');
  const made = link(
    exercise.id,
    '',
    sign,
    element('span', 'title', exercise.title, ' ', ...tagsOf(exercise)),
    element('code', '', exercise.id),
    element('span', 'state', state),
    element('span', 'minutes', `${exercise.minutes} min`),
  );
  return element('li', isNext ? 'next' : '', made);
}

/**
 * A mark, and words for it.
 * @param {ListedExercise} exercise
 * @returns {[mark: string, words: string]}
 */
function progress({ finished, checks, predicted, questions }) {
  if (finished) return ['✓', 'finished'];
  if (checks > 0) return ['◐', `checked ${checks === 1 ? 'once' : `${checks} times`}`];
  if (predicted > 0) return ['◔', `${predicted} of ${questions} predicted`];
  return ['○', ''];
}
