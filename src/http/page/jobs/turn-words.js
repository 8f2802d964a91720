// @ts-check
// The words in and below a strip of turns.
//
// Responsible for: describing a turn, a round and a lost core. core.js draws the strip.

import { format } from '../format.js';
import { inputText, turnText } from './words.js';

/** @import { Jobs } from './types.d.ts' */

const SHORT_US = 500; // the picture shows several slices that are shorter than this

/**
 * What the bracket below a strip measures.
 * @param {number} reductions
 * @param {number} us
 * @param {number} turns in a round
 * @param {number} rogues
 * @param {boolean} isNarrow
 */
export function turnWords(reductions, us, turns, rogues, isNarrow) {
  const one = turnText(us);
  if (turns > 1) {
    const round = turnText(us * turns);
    return isNarrow ? `a round: ${round}` : `a round of ${turns} turns, ${round}: then the ordinary jobs`;
  }
  if (isNarrow) return `one turn: ${one}`;
  return rogues
    ? `one turn, ${format.count(reductions)} reductions, ${one}: then the next job`
    : `a turn is at most ${one}`;
}

/**
 * Why a strip is one block.
 * @param {Jobs} jobs
 * @param {number | undefined} id
 * @param {boolean} lost
 * @param {boolean} isNarrow
 */
export function wallWords({ top, isolation, slice }, id, lost, isNarrow) {
  const job = top.find((one) => one.id === id);
  const who = job ? `sum(${inputText(job.input)})` : 'One job';
  if (lost || isolation === 'thread') {
    return isNarrow
      ? `${who} cannot be stopped`
      : `${who} on a thread of its own. Nothing can stop it: this core is gone.`;
  }
  if (isolation === 'task')
    return isNarrow ? `${who} keeps the core` : `${who} has had the core since it began. A task is never interrupted.`;
  // A turn that takes far longer than its slice was interrupted by the operating system.
  const isInterrupted = slice.us !== null && slice.us < SHORT_US;
  if (isInterrupted)
    return isNarrow ? 'another program had the core' : 'During this turn another program had the core.';
  return isNarrow ? 'one turn' : 'One turn is longer than this picture.';
}
