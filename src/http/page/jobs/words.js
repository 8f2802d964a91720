// @ts-check
// Words of the jobs lab that several of its parts need.

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

/** Why it is so, for each isolation: while all goes well, and beside a job that does not end. */
export const WHY = {
  fuel: [
    'Why the other jobs keep their pace',
    'A job is WebAssembly with a meter. When it has burnt its turn it yields to the next job. Between two turns its stack can be read, its calls traced, and it can be killed.',
  ],
  task: [
    'Why one job can stop all others',
    'Tokio cannot pre-empt an async task: it changes tasks at an await, and an endless loop has none. Abort takes effect at the same await, so never. A job that has begun this way ends only with the process.',
  ],
  thread: [
    'Why a core can be lost for good',
    'Each job has a thread of its own and the kernel shares the cores, so the other jobs go on. Rust cannot end a thread from outside: an endless one keeps its core until the process ends.',
  ],
};
