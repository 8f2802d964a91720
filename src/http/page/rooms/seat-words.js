// @ts-check
// The words of a seat: what its player is asked, and what the player has seen.
//
// Responsible for: pure functions from a snapshot to words. seat.js shows them.

import { positionText, rangeText } from './position.js';

/** @import { LogLine, Open, Player, SeatView, Status, Told } from './types.d.ts' */

/** @typedef {{ kind: 'line' | 'lost' | 'resumed' | 'gap', at: string, text: string }} Line */

const LEAST = 4; // players that a game needs
const FRESH_MS = 60_000;

/**
 * What the player of a seat is asked.
 * @param {Status} status
 * @param {SeatView | null} seat
 * @param {string} name
 */
export function askText(status, seat, name) {
  const { phase, players, winner } = status;
  const own = players.find((one) => one.name === name);
  if (phase === 'over') return winner === 'werewolves' ? 'The werewolves have won.' : 'The village has won.';
  if (!own) return phase === 'lobby' ? 'This seat is free.' : 'The game has begun; you may watch.';
  if (phase === 'lobby') {
    const missing = LEAST - players.length;
    return missing > 0 ? `${missing} more ${missing === 1 ? 'player' : 'players'} needed.` : 'Ready to start?';
  }
  if (!own.alive) return 'You are out. You may only watch.';
  if (phase === 'day') return own.voted ? `You vote against ${own.voted}.` : 'Who is a werewolf? Vote.';
  if (seat?.may?.move !== 'choose' && !seat?.chosen) return 'You sleep.';
  return seat?.chosen ? `You chose ${seat.chosen}.` : 'Whom do you take tonight?';
}

/**
 * The target that is pressed: a werewolf's choice, or a vote.
 * @param {Status} status
 * @param {SeatView | null} seat
 * @param {string} name
 */
export function targetOf({ phase, players }, seat, name) {
  if (phase === 'night') return seat?.chosen ?? null;
  return phase === 'day' ? (players.find((one) => one.name === name)?.voted ?? null) : null;
}

/**
 * What a log says to one player: their own name becomes "you".
 * @param {string} text
 * @param {string} name
 */
export function toldTo(text, name) {
  return name && text.startsWith(`${name} `) ? `you ${text.slice(name.length + 1)}` : text;
}

/**
 * The lines of a seat, newest first: the public log with its positions, private lines without, and where the room
 * was restarted.
 * @param {Open} open
 * @param {SeatView | null} seat
 * @param {string} name
 * @param {number} most
 * @returns {Line[]}
 */
export function linesOf(open, seat, name, most) {
  const { log, kill } = open;
  const bar = barOf(open, name);
  /** @type {Line[]} */
  const lines = [];
  let isBarred = bar === null;
  const before = (/** @type {LogLine} */ line) => kill !== null && (line.life < kill.life || line.lost === true);
  for (const line of merged(log, seat?.log ?? [])) {
    if (!isBarred && bar && line.at && before(line.at)) {
      lines.push(bar);
      isBarred = true;
    }
    const kind = line.at?.lost ? 'lost' : 'line';
    lines.push({ kind, at: line.at ? positionText(line.at) : '', text: toldTo(line.text, name) });
  }
  if (!isBarred && bar) lines.push(bar);
  return fit(lines, most, (kill?.ago_ms ?? Number.POSITIVE_INFINITY) < FRESH_MS);
}

/**
 * As many lines as have room. The bar of a fresh restart stays, with the line before the kill below it.
 * @param {Line[]} lines
 * @param {number} most
 * @param {boolean} isFresh
 */
function fit(lines, most, isFresh) {
  const bar = lines.findIndex(({ kind }) => kind === 'gap' || kind === 'resumed');
  if (!isFresh || bar <= most - 2) return lines.slice(0, most);
  return [...lines.slice(0, most - 2), ...lines.slice(bar, bar + 2)];
}

/**
 * Joins the public log with the lines that only this player may read. Both begin with the newest.
 * @param {LogLine[]} log
 * @param {string[]} own oldest first, as the server sends it
 * @returns {{ text: string, at: LogLine | null }[]}
 */
function merged(log, own) {
  const known = new Set(log.map(({ text }) => text));
  /** @type {{ text: string, at: LogLine | null }[]} */
  const joined = log.map((line) => ({ text: line.text, at: line }));
  let place = 0;
  for (const text of own.toReversed()) {
    if (known.has(text)) {
      const found = joined.findIndex((line, index) => index >= place && line.text === text);
      place = found < 0 ? place : found + 1;
    } else {
      joined.splice(place, 0, { text, at: null });
      place += 1;
    }
  }
  return joined;
}

/**
 * The bar of a seat: the room died, the connection did not.
 * @param {Open} open
 * @param {string} name
 * @returns {Line | null}
 */
function barOf({ kill, told }, name) {
  const own = told.find(({ who, word }) => who === name && word !== 'current');
  if (own) return barLine(own);
  if (!kill || (kill.what !== 'room' && kill.what !== 'both')) return null;
  const { life } = kill;
  if (kill.lost) {
    const [from, to] = kill.lost;
    return barLine({ who: '', how: '', word: 'gap', life, n: from - 1, from, to });
  }
  return barLine({ who: '', how: '', word: 'resumed', life: life - 1, n: kill.acked, from: null, to: null });
}

/**
 * @param {Told} told
 * @returns {Line}
 */
function barLine({ word, life, n, from, to }) {
  if (word === 'resumed')
    return { kind: 'resumed', at: '●', text: `room restarted: resumed at ${positionText({ life, n })}` };
  const lost = from === null || to === null ? 'moves' : rangeText(Math.max(1, life - 1), from, to);
  return { kind: 'gap', at: '●', text: `room restarted: ${lost} ${from === to && from !== null ? 'is' : 'are'} lost` };
}

/**
 * The role of a player, where it is known.
 * @param {SeatView | null} seat
 * @param {Player | undefined} own
 */
export function roleText(seat, own) {
  return seat?.role ?? own?.role ?? (own ? '' : 'no player');
}
