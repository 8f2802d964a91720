// @ts-check
// The state of the connection in the page's header: how long it has been open, or that it is lost.
//
// Responsible for: its words, and the look of the page while its figures are stale. socket.js has the connection.

import { find, write } from '../dom.js';
import { format } from '../format.js';

/** @import { LabSocket, LinkState } from './socket.js' */

export class Link {
  /** @type {LinkState} */
  state = 'connecting';
  #node = find(document, '#link');
  #times = 0;

  /**
   * @param {LinkState} state
   * @param {number} times how often the connection has been opened
   */
  show(state, times) {
    this.state = state;
    this.#times = times;
    this.#node.dataset.state = state;
    document.body.classList.toggle('lost', state === 'lost');
    if (state === 'lost') this.#say('connection lost, trying again');
  }

  /** Updates the time. @param {LabSocket} socket */
  tick(socket) {
    if (this.state !== 'live') return;
    const kept = format.uptime((performance.now() - socket.since) / 1000);
    this.#say(this.#times > 1 ? `connected again, for ${kept}` : `connection kept: ${kept}`);
  }

  /** @param {string} words */
  #say(words) {
    write(this.#node, words);
    if (this.#node.title !== words) this.#node.title = words;
  }
}
