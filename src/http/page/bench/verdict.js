// @ts-check
// The verdict: the state of the bench in one word, its cause, what follows, and what would help.
//
// Responsible for: showing it, the page's title, and announcing the word when it changes. The server decides
// which word it is.

import { find, write } from '../dom.js';

/** @import { Shown } from './types.d.ts' */

/** Each word has a glyph of its own shape: it is not told by its colour alone. @type {Record<string, string>} */
const GLYPHS = {
  OVERLOADED: 'M10 3L18 17H2Z',
  FULL: 'M3 3V17H17V3Z',
  UNPROTECTED: 'M10 2V11M10 17.4V17.5',
  BALANCED: 'M3 7H17M3 13H17',
  'HELD BACK': 'M4 3V17M10 10H18M14 6L18 10L14 14',
  'AT WORK': 'M3 5L10 10L3 15ZM11 5L18 10L11 15Z',
  STARVED: 'M10 3A7 7 0 1 1 9.99 3Z',
  DRAINING: 'M10 17L2 3H18Z',
  FROZEN: 'M10 1V19M2.2 5.5L17.8 14.5M2.2 14.5L17.8 5.5',
  PAUSED: 'M6 3V17M14 3V17',
  'NO CONSUMERS': 'M10 2A8 8 0 1 1 9.99 2ZM4.5 15.5L15.5 4.5',
  IDLE: 'M3 10H17',
  LOST: 'M3 3L17 17M17 3L3 17',
};
const HOLLOW = new Set(['STARVED', 'NO CONSUMERS']);

/** What is shown while the server cannot be reached. @type {Shown} */
export const LOST = {
  word: 'LOST',
  tone: 'idle',
  blame: null,
  cause: 'The server does not answer.',
  consequence: 'Everything below is what it said last. The page keeps trying.',
  remedy: null,
  since_s: 0,
};

export class VerdictLine {
  #word = '';

  /**
   * @param {HTMLElement} section
   * @param {HTMLElement} badge the word in the page's head
   */
  constructor(section, badge) {
    this.section = section;
    this.badge = badge;
    this.word = find(section, '#word');
    this.cause = find(section, '#cause');
    this.consequence = find(section, '#consequence');
    this.remedy = find(section, '#remedy');
    this.glyphs = [...document.querySelectorAll('.glyph path')];
  }

  /** @param {Shown} verdict */
  show({ word, tone, cause, consequence, remedy }) {
    if (word !== this.#word) {
      this.#word = word;
      this.section.dataset.tone = this.badge.dataset.tone = tone;
      write(this.word, word);
      write(find(this.badge, 'b'), word);
      for (const glyph of this.glyphs) {
        glyph.setAttribute('d', GLYPHS[word] ?? GLYPHS.IDLE);
        glyph.setAttribute('class', `${HOLLOW.has(word) ? 'hollow' : ''} ${word === 'UNPROTECTED' ? 'bold' : ''}`);
      }
      document.title = `${word} · Weir`;
    }
    write(this.cause, cause);
    write(this.consequence, consequence);
    write(this.remedy, remedy ?? '');
  }
}
