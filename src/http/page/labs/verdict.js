// @ts-check
// The verdict: the state of a lab in one word, and the sentence with its numbers.
//
// Responsible for: showing it, the page's title, and announcing the word when it changes. The server decides
// which word it is.

import { find, write } from '../dom.js';

/** @typedef {'ok' | 'warn' | 'bad' | 'calm' | 'change'} Tone */
/** @typedef {{ word: string, tone: Tone, text: string }} Verdict */

/** What is shown while the server cannot be reached. @type {Verdict} */
export const LOST = {
  word: 'LOST',
  tone: 'calm',
  text: 'The server does not answer. Everything below is the last state received; the page keeps trying.',
};

export class VerdictLine {
  #line = find(document, '#verdict');
  #word = find(document, '#word');
  #text = find(document, '#text');

  /** @param {Verdict} verdict */
  show({ word, tone, text }) {
    write(this.#text, text);
    if (this.#line.dataset.tone !== tone) this.#line.dataset.tone = tone;
    if (this.#word.textContent === word) return;
    write(this.#word, word);
    document.title = `${word} · Weir`;
  }
}
