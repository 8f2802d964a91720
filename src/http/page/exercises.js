// The workshop: the list of exercises, and which of them is open.
//
// Responsible for: the address (what stands behind its # is an exercise), the list with what was done, the
// theme. One exercise is left to exercise.js.

import { element } from './dom.js';
import { ExercisePage } from './exercise.js';
import { remembered } from './remembered.js';
import { ask } from './server.js';

const main = document.querySelector('#main');
let open = null; // the exercise that is shown
let turn = 0; // answers to what was asked before somebody went elsewhere are not shown
let listed = false; // whether the list is what is shown
let height = 0; // where somebody was in it

async function visit() {
  const name = location.hash.slice(1);
  turn += 1;
  const mine = turn;
  open?.close();
  open = null;
  if (listed) height = scrollY;
  listed = false;
  let id = name;
  try {
    id = decode(name);
    if (id) {
      const exercise = await ask(`api/exercises/${encodeURIComponent(id)}`);
      if (mine !== turn) return;
      open = new ExercisePage(main, exercise);
      document.title = `${exercise.title} · Weir`;
    } else {
      const set = await ask('api/exercises');
      if (mine !== turn) return;
      main.replaceChildren(...list(set));
      listed = true;
      document.title = 'Exercises · Weir';
    }
  } catch (error) {
    if (mine === turn) main.replaceChildren(...excuse(id, error.message));
  }
  if (mine === turn) scrollTo(0, listed ? height : 0);
}

function decode(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new Error(`there is no exercise ${name}`);
  }
}

function list({ title, parts, exercises }) {
  const finished = exercises.filter((exercise) => exercise.finished).length;
  const next = exercises.find((exercise) => !exercise.finished);
  const bar = element('progress', '');
  bar.max = Math.max(1, exercises.length);
  bar.value = finished;
  bar.setAttribute('aria-label', 'Finished exercises');
  const head = element(
    'div',
    'begin',
    element('h1', '', title),
    element(
      'p',
      'lead',
      'Each exercise asks you for numbers, or for a few lines of code. Write down what you think; then theory, a simulation and a real load say theirs, and you are told how far each was off, and why.',
    ),
    element(
      'div',
      'how-far',
      bar,
      element('p', '', element('b', '', `${finished} of ${exercises.length}`), ' finished'),
    ),
  );
  if (next)
    head.append(
      link(next.id, 'go', `${finished || next.checks || next.predicted ? 'Go on with' : 'Begin with'} “${next.title}”`),
    );
  else
    head.append(element('p', 'done', 'All of them. What is left is to break it in ways that we have not thought of.'));
  const sections = parts
    .map((name, index) => {
      const ofPart = exercises.filter((exercise) => exercise.part === index + 1);
      const rows = ofPart.map((exercise) => row(exercise, exercise === next));
      const done = ofPart.filter((exercise) => exercise.finished).length;
      const heading = element(
        'h2',
        '',
        `Part ${index + 1}: ${name} `,
        element('small', '', `${done} of ${ofPart.length}`),
      );
      return element('section', 'card part-of-set', heading, element('ol', '', ...rows));
    })
    .filter((section) => section.querySelector('li'));
  return [
    head,
    ...sections,
    element(
      'p',
      'foot',
      'The same in a terminal: ',
      element('code', '', 'weir exercise list'),
      '. What you have done is kept in one file for both.',
    ),
  ];
}

function row(exercise, isNext) {
  const [mark, state] = progress(exercise);
  const sign = element('span', `sign ${state === 'finished' ? 'finished' : ''}`, mark);
  sign.setAttribute('aria-hidden', 'true');
  const tags = [exercise.code && 'code', exercise.hard && 'hard']
    .filter(Boolean)
    .map((tag) => element('small', 'tag', tag));
  const made = link(
    exercise.id,
    '',
    sign,
    element('span', 'title', exercise.title, ' ', ...tags),
    element('code', '', exercise.id),
    element('span', 'state', state),
    element('span', 'minutes', `${exercise.minutes} min`),
  );
  return element('li', isNext ? 'next' : '', made);
}

function progress({ finished, checks, predicted, questions }) {
  if (finished) return ['✓', 'finished'];
  if (checks > 0) return ['◐', `checked ${checks === 1 ? 'once' : `${checks} times`}`];
  if (predicted > 0) return ['◔', `${predicted} of ${questions} predicted`];
  return ['○', ''];
}

function link(id, className, ...content) {
  const made = element('a', className, ...content);
  made.href = `#${encodeURIComponent(id)}`;
  return made;
}

/** What is said when there is nothing to show: what is wrong, and what helps. */
function excuse(id, message) {
  const again = element('button', 'go', 'Look again');
  again.addEventListener('click', visit);
  const made = element(
    'div',
    'begin excuse',
    element('h1', '', id ? 'This exercise cannot be shown' : 'The exercises cannot be shown'),
    element('p', 'alarm', message),
  );
  if (message.startsWith('there is no folder')) {
    made.append(
      element(
        'p',
        '',
        'The exercises are files beside the sources of Weir, and the server reads them from the folder in which it was started. To have them:',
      ),
    );
    made.append(
      element(
        'pre',
        '',
        element('code', '', 'cd …/weir          # where the folder exercises is\ncargo run --release'),
      ),
    );
  }
  made.append(again);
  if (id) made.append(link('', 'back', 'All exercises'));
  return [made];
}

const systemDark = matchMedia('(prefers-color-scheme: dark)');
function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}

document.querySelector('#theme').addEventListener('click', () => {
  const now = document.documentElement.dataset.theme ?? (systemDark.matches ? 'dark' : 'light');
  const next = now === 'dark' ? 'light' : 'dark';
  remembered.set('theme', next);
  setTheme(next);
});

setTheme(remembered.get('theme'));
history.scrollRestoration = 'manual'; // what is scrolled comes later than the browser thinks
addEventListener('hashchange', async () => {
  await visit();
  main.focus({ preventScroll: true }); // what was focused is gone
});
visit();
