// @ts-check
// The board: the open room with its seats, the thread of its moves and its watchers.
//
// Responsible for: the players of the seats, and the connection of the second seat. The first seat's view comes with the page's
// own socket.

import { isOff } from '../control.js';
import { element, find, findAs, write } from '../dom.js';
import { LabSocket } from '../labs/socket.js';
import { messageOf, tell } from '../server.js';
import { Drawing } from './drawing.js';
import { toldText } from './position.js';
import { Seat } from './seat.js';
import { drawThread, threadOf } from './thread.js';

/** @import { Thread } from './thread.js' */
/** @import { Backup, Open, Rooms } from './types.d.ts' */

const PLAY_RATE = 1; // moves a second of seeded players

/**
 * The snapshot in a message of the socket.
 * @param {any} message
 * @returns {Rooms | null}
 */
export function snapshotIn(message) {
  if (message?.now && message.ledger) return message;
  return message?.rooms?.now ? message.rooms : null;
}

/**
 * The address of a lab's socket.
 * @param {string} room
 * @param {string} seat
 */
export function socketPath(room, seat) {
  const fields = { ...(room && { room }), ...(room && seat && { seat }) };
  const query = new URLSearchParams(fields).toString();
  return `api/rooms/socket${query ? `?${query}` : ''}`;
}

/** The open room. Its seats are given to the first players, until a person gives them to others. */
export class Board {
  /** @type {[string, string]} */
  seated = ['', ''];
  #room = '';
  /** Whether seats have been given in this room; later a person gives them. */
  #isSet = false;
  /** @type {LabSocket | null} */
  #second = null;
  /** @type {Open | null} */
  #secondOpen = null;
  #title = find(document, '#room-title');
  #says = find(document, '#room-says');
  #note = find(document, '#thread-note');
  #told = find(document, '#told');
  #toldNote = find(document, '#told-note');
  #play = findAs(HTMLButtonElement, document, '#play');
  #toldKey = '';
  #isPlaying = false;
  /** @type {[Seat, Seat]} */
  #seats;
  /** @type {Drawing<Thread>} */
  #thread = new Drawing(find(document, '#thread'), drawThread);

  /**
   * @param {boolean} isAlone whether the page shows one seat alone
   * @param {() => void} moved called when another player sits at the first seat
   * @param {(text: string, alarm?: boolean) => void} report
   */
  constructor(isAlone, moved, report) {
    this.isAlone = isAlone;
    this.moved = moved;
    this.report = report;
    const host = { sit: this.sit.bind(this), report, lines: isAlone ? 12 : 3, isAlone };
    this.#seats = [new Seat(0, host), new Seat(1, host)];
    find(document, '#seats').append(...this.#seats.slice(0, isAlone ? 1 : 2).map(({ node }) => node));
    this.#play.addEventListener('click', () => this.#toggle());
  }

  /**
   * Opens a room, with players who are known from the address.
   * @param {string} room
   * @param {string[]} seats
   */
  enter(room, seats) {
    this.#room = room;
    this.#isSet = seats.length > 0;
    this.#isPlaying = false;
    for (const seat of this.#seats) seat.leave();
    this.#seat(seats[0] ?? '', seats[1] ?? '');
  }

  /**
   * @param {string} first
   * @param {string} second
   */
  #seat(first, second) {
    const [, before] = this.seated;
    this.seated = [first, second];
    this.#seats.forEach((seat, index) => {
      seat.player = this.seated[index];
    });
    if (second !== before || !this.#room) this.#connect();
  }

  #connect() {
    this.#second?.end();
    this.#second = null;
    this.#secondOpen = null;
    const [, second] = this.seated;
    if (!second || !this.#room || this.isAlone) return;
    this.#second = new LabSocket(socketPath(this.#room, second), {
      message: (message) => {
        this.#secondOpen = snapshotIn(message)?.open ?? null;
      },
      state: () => {},
    });
  }

  /**
   * Gives a seat to a player; the same player does not sit twice.
   * @param {number} index
   * @param {string} player
   */
  sit(index, player) {
    this.#isSet = true;
    const [first, second] = this.seated;
    const other = index === 0 ? second : first;
    const kept = other === player ? this.seated[index] : other;
    this.#seat(index === 0 ? player : kept, index === 0 ? kept : player);
    this.moved();
  }

  /**
   * @param {Open} open
   * @param {Backup} backup
   */
  update(open, backup) {
    if (!this.#isSet && open.status.players.length > 0 && !this.isAlone) this.#choose(open);
    const { status } = open;
    const out = status.players.filter(({ alive }) => !alive).length;
    write(this.#title, open.name);
    const players = `${status.players.length} ${status.players.length === 1 ? 'player' : 'players'}`;
    const phase = status.phase === 'lobby' ? 'lobby' : status.phase === 'over' ? 'the game is over' : `${out} out`;
    write(this.#says, this.isAlone ? `Werewolf, ${players}` : `Werewolf, ${players}, ${phase}`);
    this.#label(open);
    const [first, second] = this.#seats;
    first.update(open);
    if (!this.isAlone) second.update(this.#secondOpen ?? open);
    this.#thread.show(threadOf(open, backup));
    write(this.#note, threadNote(open, backup));
    this.#watchers(open);
  }

  /** @param {Open} open */
  #choose({ status }) {
    const living = status.players.filter(({ alive }) => alive || status.phase === 'lobby').map(({ name }) => name);
    const [first = '', second = ''] = living;
    this.#isSet = second !== '';
    if (first === this.seated[0] && second === this.seated[1]) return;
    this.#seat(first, second);
    this.moved();
  }

  /** @param {Open} open */
  #label({ status: { phase, players } }) {
    this.#play.disabled = isOff();
    const fills = phase === 'lobby' && players.length < 4;
    write(
      this.#play,
      this.#isPlaying ? 'Pause the players' : fills ? 'Fill with seeded players' : 'Let seeded players play',
    );
  }

  async #toggle() {
    const path = `api/rooms/${encodeURIComponent(this.#room)}`;
    try {
      await tell(this.#isPlaying ? `${path}/pause` : `${path}/play?rate=${PLAY_RATE}`, null);
      this.#isPlaying = !this.#isPlaying;
      this.report(this.#isPlaying ? 'seeded players join and play' : 'the seeded players pause');
    } catch (error) {
      this.report(messageOf(error), true);
    }
  }

  /** @param {Open} open */
  #watchers({ told, kill }) {
    const isKilled = kill?.what === 'room' || kill?.what === 'both';
    const many = told.length === 0 ? 'no watchers' : isKilled ? 'none was disconnected' : 'each has the current status';
    write(this.#toldNote, many);
    const key = JSON.stringify([told, kill?.life]);
    if (key === this.#toldKey) return;
    this.#toldKey = key;
    const rows = told.map((one) => {
      const note = one.word === 'current' ? 'pill' : `pill note ${one.word}`;
      const how = element('span', 'muted', one.how);
      return element('li', '', element('b', '', one.who), how, element('span', note, toldText(one, kill)));
    });
    this.#told.replaceChildren(...rows);
  }
}

/**
 * What the thread shows, in one sentence.
 * @param {Open} open
 * @param {Backup} backup
 */
export function threadNote({ kill, thread }, backup) {
  const first = thread[0];
  const isSeen = kill?.lost && first && (first.life < kill.life ? first.n <= kill.lost[1] : false);
  if (kill?.lost && isSeen) {
    const [from, to] = kill.lost;
    const range = from === to ? String(from) : `${from}–${to}`;
    const has = thread.some(
      ({ life, n, history, room }) => history && !room && life < kill.life && n >= from && n <= to,
    );
    if (has)
      return `the history, a subscriber of its own, had received ${range}; the state has lost ${from === to ? 'it' : 'them'}`;
    return `no process has ${range} any more`;
  }
  if (backup === 'none') return 'by number; nothing but the room has a move';
  return 'by number; a move is safe when a second process has it';
}
