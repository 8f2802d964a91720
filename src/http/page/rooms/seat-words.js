// @ts-check
// The words of a seat: what its player is asked, and what the player has seen.
//
// Responsible for: pure functions from a snapshot to words. seat.js shows them.

import { positionText, rangeText, resumedText } from './position.js';

/** @import { Heard } from './ear.js' */
/** @import { LastKill, LogLine, Open, Player, SeatView, Status } from './types.d.ts' */

/** @typedef {{ kind: 'line' | 'lost' | 'resumed' | 'gap', at: string, text: string }} Line */

const LEAST = 4; // players that a game needs
const FRESH_MS = 60_000;
/** Lines of the server's that the bar of a restart replaces. */
const OF_RESTARTS = /^(life \d+ begins|updates? \d+.* (is|are) (lost|not recorded))$/;

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
 * The lines of a seat, newest first, and where the room was restarted.
 * @param {Open} open
 * @param {SeatView | null} seat
 * @param {string} name
 * @param {Heard | null} heard
 * @param {number} most
 * @returns {Line[]}
 */
export function linesOf(open, seat, name, heard, most) {
  const { kill } = open;
  const log = open.log.filter(({ text }) => !OF_RESTARTS.test(text));
  const bar = barOf(kill, heard);
  const life = heard && (!kill || heard.life >= kill.life) ? heard.life : (kill?.life ?? 0);
  /** @type {Line[]} */
  const lines = [];
  let isBarred = bar === null;
  const before = (/** @type {LogLine} */ line) => line.life < life || line.lost === true;
  for (const line of merged(log, seat?.log ?? [])) {
    if (!isBarred && bar && before(line.at)) {
      lines.push(bar);
      isBarred = true;
    }
    const kind = line.at.lost ? 'lost' : 'line';
    lines.push({ kind, at: positionText(line.at), text: toldTo(line.text, name) });
  }
  if (!isBarred && bar) lines.push(bar);
  return fit(lines, most, kill !== null && kill.ago_ms < FRESH_MS);
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
 * Joins the public log with what this player may read. A werewolf's log has the whole line where the public one says
 * only that a werewolf acted.
 * @param {LogLine[]} log newest first
 * @param {string[]} own oldest first, as the server sends it
 * @returns {{ text: string, at: LogLine }[]}
 */
function merged(log, own) {
  const known = new Set(log.map(({ text }) => text));
  const rest = [...own];
  return log.map((at) => {
    const newest = rest.at(-1);
    const isWhisper = newest !== undefined && at.text.startsWith('a werewolf ') && !known.has(newest);
    if (at.lost || (newest !== at.text && !isWhisper)) return { text: at.text, at };
    rest.pop();
    return { text: newest ?? at.text, at };
  });
}

/**
 * The bar of a seat: the room died, the connection did not. It says what the seat's own stream heard, or what the
 * snapshot knows of a kill before the seat was taken.
 * @param {LastKill | null} kill
 * @param {Heard | null} heard
 * @returns {Line | null}
 */
function barOf(kill, heard) {
  if (heard && (!kill || heard.life >= kill.life)) {
    if (heard.kind === 'resumed')
      return { kind: 'resumed', at: '●', text: `room restarted: resumed at ${positionText(heard)}` };
    return gapLine(heard.of, heard.from, heard.to);
  }
  if (!kill || (kill.what !== 'room' && kill.what !== 'both')) return null;
  if (kill.lost) return gapLine(kill.life - 1, ...kill.lost);
  return { kind: 'resumed', at: '●', text: `room restarted: resumed at ${resumedText(kill)}` };
}

/**
 * @param {number} life
 * @param {number} from
 * @param {number} to
 * @returns {Line}
 */
function gapLine(life, from, to) {
  return {
    kind: 'gap',
    at: '●',
    text: `room restarted: ${rangeText(life, from, to)} ${from === to ? 'is' : 'are'} lost`,
  };
}

/**
 * The role of a player, where it is known.
 * @param {SeatView | null} seat
 * @param {Player | undefined} own
 */
export function roleText(seat, own) {
  return seat?.role ?? own?.role ?? (own ? '' : 'no player');
}
