// @ts-check
// The verdict of the open room: what its last kill took, or which phase it is in.
//
// Responsible for: its word and its sentence. Without an open room the page shows the server's verdict of the house.

import { format } from '../format.js';
import { lostBy, positionText, resumedText } from './position.js';

/** @import { Verdict } from '../labs/verdict.js' */
/** @import { Backup, LastKill, Open, Rooms } from './types.d.ts' */
/** @import { Killable } from './tree.js' */

const KILL_MS = 60_000; // the verdict reports the last kill for this long
/** @type {Record<string, import('../labs/verdict.js').Tone>} */
const TONES = { good: 'ok', ok: 'ok', warn: 'warn', bad: 'bad', danger: 'bad', calm: 'calm', change: 'change' };

/** @param {Rooms} lab @returns {Verdict} */
export function houseVerdict({ verdict: { word, tone, says } }) {
  return { word: word.toUpperCase(), tone: TONES[tone] ?? 'calm', text: says };
}

/**
 * @param {Open} open
 * @param {Backup} backup
 * @param {Killable | ''} chosen
 * @param {[string, string]} seated
 * @returns {Verdict}
 */
export function roomVerdict(open, backup, chosen, seated) {
  if (open.kill && open.kill.ago_ms < KILL_MS) return killVerdict(open.name, open.kill, backup);
  const seen = seated.filter(Boolean).join(' and ') || 'the watchers';
  if (chosen === 'registry')
    return {
      word: 'PREDICT',
      tone: 'change',
      text: 'Kill the registry: can moon still be found, and do its moves go on?'.replace('moon', open.name),
    };
  if (chosen) {
    const what = backup === 'none' ? 'Kill the room' : 'Kill the room, its backup or both';
    return { word: 'PREDICT', tone: 'change', text: `${what}: what will ${seen} see, and how many moves are gone?` };
  }
  return phaseVerdict(open, backup);
}

/**
 * @param {string} name
 * @param {LastKill} kill
 * @param {Backup} backup
 * @returns {Verdict}
 */
function killVerdict(name, kill, backup) {
  const down = format.ms(kill.down_ms);
  const lost = lostBy(kill);
  if (kill.lost) {
    const [from, to] = kill.lost;
    const [moves, were] = lost === 1 ? [`Its move ${from}`, 'was'] : [`Its moves ${from} to ${to}`, 'were'];
    const isBoth = kill.what === 'both';
    const place = isBoth || backup === 'none' ? 'and nothing else had' : 'but not in the backup';
    const rest = isBoth || backup === 'none' ? `${place} ${lost === 1 ? 'it' : 'them'}` : place;
    const who = isBoth ? `${name} and its backup were` : `${name} was`;
    return {
      word: `${format.count(lost)} LOST`,
      tone: 'bad',
      text: `${who} killed. ${moves} ${were} acknowledged, ${rest}.`,
    };
  }
  if (kill.what === 'backup')
    return {
      word: 'HELD',
      tone: 'ok',
      text: `The backup of ${name} was killed. The room went on and seeded a new one in ${down}.`,
    };
  if (kill.what === 'history')
    return {
      word: 'HELD',
      tone: 'ok',
      text: `The history of ${name} was killed. The room did not notice; the history has a gap.`,
    };
  const at = resumedText(kill);
  return {
    word: 'HELD',
    tone: 'ok',
    text: `${name} was killed and went on at ${at} after ${down}. No acknowledged move is lost.`,
  };
}

/**
 * @param {Open} open
 * @param {Backup} backup
 * @returns {Verdict}
 */
function phaseVerdict({ status, life, n }, backup) {
  const { phase, day, players, winner } = status;
  const has = { before: 'in the backup', after: 'acknowledged, and soon in the backup', none: 'nowhere else' }[backup];
  const at = positionText({ life, n });
  if (phase === 'lobby') {
    const many =
      players.length === 0
        ? 'No player has joined yet'
        : players.length === 1
          ? '1 player has joined'
          : `${players.length} players have joined`;
    return {
      word: 'LOBBY',
      tone: 'calm',
      text: `${many}. A game needs 4 to 12; seeded players can fill the empty seats.`,
    };
  }
  if (phase === 'over')
    return {
      word: 'OVER',
      tone: 'calm',
      text: `${winner === 'werewolves' ? 'The werewolves have' : 'The village has'} won after ${n} moves.`,
    };
  const living = players.filter(({ alive }) => alive);
  const word = `${phase.toUpperCase()} ${day}`;
  if (phase === 'night')
    return {
      word,
      tone: 'calm',
      text: `${living.length} are alive; the werewolves choose. Each move is numbered: ${at} is ${has}.`,
    };
  const voted = living.filter((one) => one.voted).length;
  return {
    word,
    tone: 'calm',
    text: `${voted} of ${living.length} have voted. Each move is numbered: ${at} is ${has}.`,
  };
}
