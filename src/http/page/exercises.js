// @ts-check
// The workshop: the list of exercises, or the one that the address names behind its #.
//
// Responsible for: which of the two is shown, and the message if neither can be. The list is made by
// exercise-list.js, an exercise by exercise.js.

import { element, find } from './dom.js';
import { ExercisePage } from './exercise.js';
import { link, list } from './exercise-list.js';
import { ask, messageOf } from './server.js';
import { switchTheme } from './theme.js';

/** @import { Exercise, ExerciseSet } from './workshop.d.ts' */

const main = find(document, '#main');
/** @type {ExercisePage | null} the exercise that is shown */
let open = null;
let turn = 0; // an answer is shown only if the address has not changed meanwhile
let isList = false; // whether the list is shown
let height = 0; // how far the list was scrolled

async function visit() {
  const name = location.hash.slice(1);
  turn += 1;
  const mine = turn;
  open?.close();
  open = null;
  if (isList) height = scrollY;
  isList = false;
  let id = name;
  try {
    id = decode(name);
    if (id) {
      /** @type {Exercise} */
      const exercise = await ask(`api/exercises/${encodeURIComponent(id)}`);
      if (mine !== turn) return;
      open = new ExercisePage(main, exercise);
      document.title = `${exercise.title} · Weir`;
    } else {
      /** @type {ExerciseSet} */
      const set = await ask('api/exercises');
      if (mine !== turn) return;
      main.replaceChildren(...list(set));
      isList = true;
      document.title = 'Exercises · Weir';
    }
  } catch (error) {
    if (mine === turn) main.replaceChildren(excuse(id, messageOf(error)));
  }
  if (mine === turn) scrollTo(0, isList ? height : 0);
}

/** @param {string} name */
function decode(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new Error(`there is no exercise ${name}`);
  }
}

/**
 * What went wrong, and what helps.
 * @param {string} id
 * @param {string} message
 */
function excuse(id, message) {
  const heading = id ? 'This exercise cannot be shown' : 'The exercises cannot be shown';
  const made = element('div', 'begin excuse', element('h1', '', heading), element('p', 'alarm', message));
  if (message.startsWith('there is no folder')) {
    const why =
      'The exercises are files beside the sources of Weir. The server reads them from the folder in which it was started, so start it there:';
    const commands = 'cd …/weir          # where the folder exercises is\ncargo run --release';
    made.append(element('p', '', why), element('pre', '', element('code', '', commands)));
  }
  const again = element('button', 'go', 'Try again');
  again.addEventListener('click', visit);
  made.append(again);
  if (id) made.append(link('', 'back', 'All exercises'));
  return made;
}

switchTheme(find(document, '#theme'));
history.scrollRestoration = 'manual'; // the browser would scroll before there is anything to scroll
addEventListener('hashchange', async () => {
  await visit();
  main.focus({ preventScroll: true }); // the focused element is gone
});
visit();
