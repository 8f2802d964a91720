// @ts-check
// A seat: one player's view of the open room, and that player's moves.
//
// Responsible for: joining, starting, choosing, voting, talking, and the log with the bar of a restart. The words are
// in seat-words.js.

import { isOff } from '../control.js';
import { element, write } from '../dom.js';
import { messageOf } from '../server.js';
import { Ear } from './ear.js';
import { makeMove } from './moves.js';
import { askText, linesOf, roleText, targetOf } from './seat-words.js';

/** @import { Open, SeatView, Status } from './types.d.ts' */
/** @import { Line } from './seat-words.js' */

const PENDING_MS = 1500;
const JOIN = '';

/**
 * @typedef {object} Host what a seat asks of its board
 * @property {(index: number, player: string) => void} sit
 * @property {(text: string, alarm?: boolean) => void} report
 * @property {number} lines how many lines of the log have room
 * @property {boolean} isAlone whether the seat has the page to itself
 */

export class Seat {
  player = '';
  #room = '';
  #people = '';
  #lines = '';
  #options = '';
  /** A target that was pressed and that the server has not told yet. */
  #pending = { target: '', until: 0 };
  #ear = new Ear();
  #select = element('select', 'who');
  #role = element('span', 'role');
  #link = element('span', 'state');
  #own = element('a', 'own-tab', '↗');
  #ask = element('p', 'ask');
  #buttons = element('div', 'people');
  #act = element('button', 'act');
  #leave = element('button', '', 'Leave');
  #name = element('input', '');
  #join = element('form', 'say join', this.#name, element('button', '', 'Join'));
  #text = element('input', '');
  #say = element('form', 'say', this.#text, element('button', '', 'Say'));
  #log = element('ol', 'last');
  node = element('article', 'seat');

  /**
   * @param {number} index
   * @param {Host} host
   */
  constructor(index, host) {
    this.index = index;
    this.host = host;
    const many = index === 0 ? 'first' : 'second';
    this.#select.setAttribute('aria-label', `Player of the ${many} seat`);
    this.#own.target = '_blank';
    this.#name.maxLength = 20;
    this.#name.placeholder = 'your name';
    this.#name.setAttribute('aria-label', `Name of the player who takes the ${many} seat`);
    this.#text.maxLength = 280;
    this.#text.placeholder = 'say something';
    this.#text.setAttribute('aria-label', 'Say something');
    this.#act.type = this.#leave.type = 'button';
    this.#buttons.setAttribute('role', 'group');
    this.#join.hidden = true;
    const head = element('h3', '', this.#select, this.#role, this.#link, this.#own);
    const line = element('div', 'line', this.#ask, this.#join, this.#act, this.#leave);
    this.node.append(head, line, this.#buttons, this.#log, this.#say);
    this.#select.addEventListener('change', () => host.sit(index, this.#select.value));
    this.#act.addEventListener('click', () => this.#move({ move: this.#act.value }));
    this.#leave.addEventListener('click', () => this.#move({ move: 'leave' }));
    this.#buttons.addEventListener('click', ({ target }) => {
      if (target instanceof HTMLButtonElement) this.#press(target.value, target.dataset.move ?? '');
    });
    this.#join.addEventListener('submit', (event) => this.#joins(event));
    this.#say.addEventListener('submit', (event) => this.#says(event));
  }

  /** Stops listening to the room. */
  leave() {
    this.#ear.listen('', '');
  }

  /**
   * @param {Open} open as this seat may see it
   */
  update(open) {
    this.#room = open.name;
    const { status } = open;
    const seat = open.seat?.you === this.player ? open.seat : null;
    const own = status.players.find(({ name }) => name === this.player);
    this.node.className = `seat ${status.phase}`;
    this.node.setAttribute('aria-label', own ? `Seat of ${this.player}` : 'A free seat');
    this.#choices(status);
    write(this.#role, roleText(seat, own));
    this.#ear.listen(own ? open.name : '', this.player);
    write(this.#link, own ? this.#ear.words : '');
    this.#own.hidden = !own || this.host.isAlone;
    const address = `rooms?room=${encodeURIComponent(open.name)}&seat=${encodeURIComponent(this.player)}`;
    if (this.#own.getAttribute('href') !== address) {
      this.#own.href = address;
      this.#own.setAttribute('aria-label', `The seat of ${this.player} in a tab of its own`);
      this.#own.title = 'Open this seat in its own tab';
    }
    write(this.#ask, askText(status, seat, this.player));
    this.#controls(status, seat);
    this.#show(linesOf(open, seat, this.player, this.#ear.heard, this.host.lines));
  }

  /** The players whom this seat can be given to. @param {Status} status */
  #choices({ phase, players }) {
    const isOpen = phase === 'lobby';
    const names = players.map(({ name }) => name);
    const key = [isOpen, ...names].join();
    if (key !== this.#options) {
      this.#options = key;
      const free = new Option(isOpen ? 'join …' : 'no player', JOIN);
      this.#select.replaceChildren(free, ...names.map((name) => new Option(name, name)));
    }
    // A tab of its own is one player's.
    this.#select.disabled = this.host.isAlone && names.includes(this.player);
    if (document.activeElement !== this.#select) this.#select.value = names.includes(this.player) ? this.player : JOIN;
  }

  /**
   * @param {Status} status
   * @param {SeatView | null} seat
   */
  #controls(status, seat) {
    const { phase, players } = status;
    const own = players.find(({ name }) => name === this.player);
    const off = isOff();
    const isIn = own?.alive === true && (phase === 'night' || phase === 'day');
    const speaks = own !== undefined && seat?.speaks === true;
    const may = seat?.may ?? null;
    if (this.#join.hidden && !own && this.host.isAlone) this.#name.value = this.player;
    this.#join.hidden = own !== undefined || phase !== 'lobby' || off;
    this.#say.hidden = off || !speaks;
    this.#leave.hidden = off || !own || phase !== 'lobby';
    const isStart = own !== undefined && may?.move === 'start';
    this.#act.hidden = off || !(isStart || (isIn && speaks));
    this.#act.value = isStart ? 'start' : 'end_phase';
    this.#act.classList.toggle('start', isStart);
    write(this.#act, isStart ? (phase === 'over' ? 'Play again' : 'Start') : `End the ${phase}`);
    const pressed =
      performance.now() < this.#pending.until ? this.#pending.target : targetOf(status, seat, this.player);
    const others = players.filter(({ name }) => name !== this.player);
    const can = (/** @type {string} */ name) => !off && isIn && (may?.targets ?? []).includes(name);
    const people = others.map(({ name, alive, role }) => [name, alive, role ?? '', can(name), name === pressed]);
    const key = JSON.stringify([may?.move, phase, ...people]);
    if (key === this.#people) return;
    this.#people = key;
    this.#draw(
      people.map((one) => /** @type {[string, boolean, string, boolean, boolean]} */ (one)),
      may?.move ?? '',
      phase,
    );
  }

  /**
   * A button for each other player. They are kept, so that the focus stays.
   * @param {[name: string, alive: boolean, role: string, can: boolean, pressed: boolean][]} people
   * @param {string} move
   * @param {string} phase
   */
  #draw(people, move, phase) {
    const had = [...this.#buttons.children];
    people.forEach(([name, alive, role, can, pressed], index) => {
      const button = had[index] instanceof HTMLButtonElement ? had[index] : element('button', '');
      if (!had[index]) this.#buttons.append(button);
      button.type = 'button';
      button.value = name;
      button.dataset.move = move;
      button.disabled = !can;
      button.classList.toggle('is-out', !alive && phase !== 'lobby');
      button.setAttribute('aria-pressed', String(pressed));
      write(button, name);
      if (button.title !== role) button.title = role;
    });
    for (const extra of had.slice(people.length)) extra.remove();
    this.#buttons.setAttribute(
      'aria-label',
      move === 'vote' ? 'Vote against' : move === 'choose' ? 'Choose' : 'Players',
    );
  }

  /** @param {Line[]} lines */
  #show(lines) {
    const key = JSON.stringify(lines);
    if (key === this.#lines) return;
    this.#lines = key;
    this.#log.replaceChildren(
      ...lines.map(({ kind, at, text }) => {
        const words = kind === 'lost' ? element('s', '', text) : element('span', '', text);
        if (kind === 'lost') words.setAttribute('aria-label', `${text}, lost`);
        const isNote = kind === 'gap' || kind === 'resumed';
        return element('li', isNote ? `note ${kind}` : '', element('span', 'at', at), words);
      }),
    );
  }

  /**
   * @param {string} target
   * @param {string} move
   */
  async #press(target, move) {
    if (!move) return;
    this.#pending = { target, until: performance.now() + PENDING_MS };
    for (const button of this.#buttons.children)
      button.setAttribute('aria-pressed', String(button instanceof HTMLButtonElement && button.value === target));
    this.#people = '';
    if (!(await this.#move({ move, target }))) this.#pending = { target: '', until: 0 };
  }

  /** @param {SubmitEvent} event */
  async #joins(event) {
    event.preventDefault();
    const player = this.#name.value.trim();
    if (!player) return;
    if (!(await this.#move({ move: 'join' }, player))) return;
    this.#name.value = '';
    this.host.sit(this.index, player);
  }

  /** @param {SubmitEvent} event */
  async #says(event) {
    event.preventDefault();
    const text = this.#text.value.trim();
    if (text && (await this.#move({ move: 'say', text }))) this.#text.value = '';
  }

  /**
   * @param {{ move: string, target?: string, text?: string }} command
   * @param {string} [player]
   */
  async #move(command, player = this.player) {
    try {
      await makeMove(this.#room, { ...command, player });
      this.host.report('');
      return true;
    } catch (error) {
      this.host.report(messageOf(error), true);
      return false;
    }
  }
}
