// @ts-check
// A seat's own stream of events of its room: the player is a watcher there, and stays one when the room is killed.
//
// Responsible for: opening it while the page can be seen, and what it heard of the last restart. A hidden page
// closes it, because a browser allows six such streams for all its tabs.

/** @typedef {{ kind: 'resumed' | 'gap', life: number, n: number, of: number, from: number, to: number }} Heard */

export class Ear {
  /** @type {EventSource | null} */
  #source = null;
  #room = '';
  #who = '';
  #breaks = 0;
  #isOpen = false;
  /** What it heard of the last restart. @type {Heard | null} */
  heard = null;

  constructor() {
    document.addEventListener('visibilitychange', () => this.#open());
  }

  /** Whether it has been connected from the restart on. */
  get words() {
    if (!this.#isOpen) return this.#room && this.#breaks > 0 ? 'lost' : 'connecting';
    if (this.heard && this.#breaks === 0) return 'never disconnected';
    return this.#breaks > 0 ? 'connected again' : 'connected';
  }

  /**
   * Listens to a room in the name of a player; an empty name to none.
   * @param {string} room
   * @param {string} who
   */
  listen(room, who) {
    if (room === this.#room && who === this.#who) return;
    [this.#room, this.#who, this.#breaks, this.heard] = [room, who, 0, null];
    this.#close();
    this.#open();
  }

  #close() {
    this.#source?.close();
    this.#source = null;
    this.#isOpen = false;
  }

  #open() {
    if (document.hidden || !this.#room || !this.#who) return this.#close();
    if (this.#source) return;
    const query = new URLSearchParams({ who: this.#who });
    const source = new EventSource(`api/rooms/${encodeURIComponent(this.#room)}/watch?${query}`);
    this.#source = source;
    source.addEventListener('open', () => {
      this.#isOpen = true;
    });
    source.addEventListener('error', () => {
      this.#isOpen = false;
      this.#breaks += 1;
    });
    source.addEventListener('end', () => this.#close());
    for (const kind of /** @type {const} */ (['resumed', 'gap']))
      source.addEventListener(kind, ({ data }) => {
        const { life, n, of = 0, from = 0, to = 0 } = JSON.parse(data);
        this.heard = { kind, life, n, of, from, to };
      });
  }
}
