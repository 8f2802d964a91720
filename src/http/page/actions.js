// @ts-check
// The buttons of the page's head: pause, empty the queue, reset.
//
// Responsible for: what each would do now, asking twice before events are dropped, and reporting the
// outcome beside the buttons. The load's buttons are in load.js.

import { find, findAs, write } from './dom.js';
import { format } from './format.js';
import { messageOf, order } from './server.js';

/** @import { Snapshot } from './snapshot.d.ts' */

const REPORTED_MS = 8000;
const CONFIRM_MS = 4000; // a click after this long asks again

export class Actions {
  #paused = false;
  #queued = 0; // events that would be dropped
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #clearing;
  /** @type {ReturnType<typeof setTimeout> | null} runs while a second click would empty the queue */
  #confirming = null;

  /**
   * @param {HTMLElement} header
   * @param {() => void} changed called when the charts have a new mark
   */
  constructor(header, changed) {
    this.said = find(header, '#reset-said');
    this.pause = findAs(HTMLButtonElement, header, '#pause');
    this.purge = findAs(HTMLButtonElement, header, '#purge');
    this.changed = changed;
    this.pause.addEventListener('click', () => this.#togglePause());
    this.purge.addEventListener('click', () => this.#purge());
    find(header, '#reset').addEventListener('click', () => this.#reset());
  }

  /**
   * @param {Snapshot | null} snapshot
   * @param {boolean} isLive
   */
  update(snapshot, isLive) {
    this.#paused = snapshot?.paused ?? false;
    this.#queued = snapshot?.queue.queued ?? 0;
    write(this.pause, this.#paused ? 'Resume' : 'Pause');
    this.pause.disabled = !isLive;
    this.purge.disabled = !isLive || this.#queued === 0;
  }

  /** That it took effect shows in the picture, and in the button itself. */
  async #togglePause() {
    const isPaused = !this.#paused;
    const done = () => {
      this.#paused = isPaused; // a second press may come before the next snapshot
      return '';
    };
    if (isPaused) await this.#send('api/pause', done, 'not paused');
    else await this.#send('api/resume', done, 'not resumed');
  }

  async #reset() {
    await this.#send('api/reset', () => '✓ counting from zero', 'not reset');
    this.changed();
  }

  /** Dropped events cannot be brought back, so the first click only asks. */
  async #purge() {
    if (this.#confirming === null) {
      this.#confirming = setTimeout(() => this.#unask(), CONFIRM_MS);
      write(this.purge, `Drop ${format.count(this.#queued)} ${this.#queued === 1 ? 'event' : 'events'}?`);
      return;
    }
    this.#unask();
    await this.#send('api/purge', (answer) => `✓ ${dropped(JSON.parse(answer))}`, 'not emptied');
    this.changed();
  }

  #unask() {
    clearTimeout(this.#confirming ?? undefined);
    this.#confirming = null;
    write(this.purge, 'Empty queue');
  }

  /**
   * Sends an order and reports the outcome for a while.
   * @param {string} path
   * @param {(answer: string) => string} done words for the answer
   * @param {string} failed words for a refusal
   */
  async #send(path, done, failed) {
    try {
      this.#report(done(await order(path)));
    } catch (error) {
      this.#report(`${failed}: ${messageOf(error)}`, true);
    }
  }

  /**
   * @param {string} text
   * @param {boolean} [alarm]
   */
  #report(text, alarm = false) {
    this.said.textContent = text;
    this.said.classList.toggle('alarm', alarm);
    clearTimeout(this.#clearing);
    if (text) this.#clearing = setTimeout(() => this.#report(''), REPORTED_MS);
  }
}

/** @param {{ dropped: number }} purged */
function dropped({ dropped: count }) {
  return `${format.count(count)} ${count === 1 ? 'event' : 'events'} dropped`;
}
