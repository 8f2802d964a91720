// @ts-check
// Words that several parts of the jobs lab use.

import { format } from '../format.js';

/** An input with a real minus. @param {string} input */
export function inputText(input) {
  return input.replace(/^-(?=\d)/, '−');
}

/** A turn: whole microseconds, as its length is not known better. @param {number} us */
export function turnText(us) {
  return us < 1000 ? `${format.count(us)}\u202fµs` : format.ms(us / 1000);
}

/** A large count in three digits and a letter. @param {number | null} count */
export function short(count) {
  if (count === null) return '–';
  return count >= 1e9 ? `${(count / 1e9).toFixed(count < 1e11 ? 1 : 0)}\u202fG` : format.brief(count);
}

/** For each isolation, a heading and the reason why an endless job affects the others as it does. */
export const WHY = {
  fuel: [
    'Why the other jobs keep their pace',
    'A job is metered WebAssembly. When its slice is used up, it yields to the next job. Between two turns you can read its stack, trace its calls, or kill it.',
  ],
  task: [
    'Why one job can stop all others',
    'Tokio cannot pre-empt an async task: it switches tasks only at an await, and an endless loop has none. Abort takes effect at an await too, so never. An endless job ends only with the process.',
  ],
  thread: [
    'Why a core can be lost for good',
    'Each job has a thread of its own and the kernel shares out the cores, so the other jobs go on. Rust cannot end a thread from outside, so an endless job keeps its core until the process ends.',
  ],
};
