// @ts-check
// What each meaning of "acknowledged" loses to the same kill: predicted, or measured once this page has seen it.
//
// Responsible for: the figures, and for measuring all three one after another in a room of its own. compare.js draws
// them.

import { set } from '../labs/settings.js';
import { ask, codeOf, tell } from '../server.js';
import { usText } from './figures.js';
import { lostBy, rangeText, resumedText } from './position.js';
import { threadOf } from './thread.js';

/** @import { Thread } from './thread.js' */
/** @import { Backup, ThreadUpdate, KillReport, LastKill, Open, Past, RoomHistory, Rooms } from './types.d.ts' */

/**
 * @typedef {object} Way
 * @property {string} lost acknowledged moves
 * @property {string} told what watchers hear
 * @property {string} p50 of a move
 * @property {string} copies
 * @property {Thread} thread
 * @property {number | null} at when it was measured, as performance.now(); null for a prediction
 */

/** @type {Backup[]} */
export const WAYS = ['none', 'after', 'before'];
const ROOM = 'compare';
const RATE = 1000; // moves a second while it is measured
const ENOUGH = 60; // moves before the kill
const POLL_MS = 120;
const LIMIT_MS = 8000;
const SHOWN = 10;
const PAST = 500; // entries of the history that are read after the kill
const FEW = 4; // a thread with fewer moves before the kill says too little

/** @type {Map<Backup, Way>} */
const measured = new Map();
/** The newest p50 seen under each. @type {Map<Backup, number>} */
const times = new Map();

/**
 * Keeps what a record shows of a kill under the present setting.
 * @param {Rooms} lab
 */
export function watch({ backup, now, open }) {
  if (now.ack_us && now.moves_s > 0) times.set(backup, now.ack_us.p50);
  const way = measured.get(backup);
  if (way && times.has(backup)) way.p50 = usText(times.get(backup));
  const kill = open?.kill;
  if (!open || !kill || kill.what !== 'room' || kill.ago_ms > 2000 || kill.life !== open.life) return;
  const before = open.thread.filter(({ life }) => life < kill.life).length;
  if (before >= FEW && before < open.thread.length) measured.set(backup, wayFrom(open, kill, backup));
}

/**
 * @param {Pick<Open, 'thread'>} open
 * @param {LastKill} kill
 * @param {Backup} backup
 * @returns {Way}
 */
function wayFrom({ thread }, kill, backup) {
  const isAfter = (/** @type {ThreadUpdate} */ { life }) => life >= kill.life;
  const first = thread.findIndex(isAfter);
  const end = first < 0 ? thread.length : Math.min(thread.length, first + 2);
  const shown = threadOf({ thread: thread.slice(Math.max(0, end - SHOWN), end), kill }, backup);
  const lost = lostBy(kill);
  const isAll = kill.lost?.[0] === 1;
  const told = kill.lost
    ? isAll
      ? 'fresh state'
      : `gap ${rangeText(kill.life - 1, ...kill.lost).replace('#', '')}`
    : `resumed ${resumedText(kill)}`;
  return {
    lost: isAll ? `all ${lost}` : String(lost),
    told,
    p50: usText(times.get(backup)),
    copies: backup === 'none' ? '1' : '2',
    thread: { ...shown, word: 'kill', lanes: ['ack', 'room', 'backup'], isSmall: true },
    at: performance.now(),
  };
}

/** @param {Backup} backup */
export function wayOf(backup) {
  return measured.get(backup) ?? predicted(backup);
}

/**
 * The same kill at #412, with four moves that the backup does not have in "after".
 * @param {Backup} backup
 * @returns {Way}
 */
function predicted(backup) {
  const from = { none: 1, after: 409, before: 413 }[backup];
  const beads = Array.from({ length: 8 }, (_, index) => bead(1, 405 + index, 405 + index < from));
  const next = { none: 1, after: 409, before: 413 }[backup];
  const thread = [...beads, bead(2, next, true), bead(2, next + 1, true)];
  const lost = /** @type {[number, number] | null} */ (from > 412 ? null : [from, 412]);
  const kill = {
    what: /** @type {const} */ ('room'),
    by_hand: true,
    ago_ms: 0,
    acked: 412,
    backed: from - 1,
    lost,
    lost_updates: 413 - from,
    down_ms: 1,
    life: 2,
  };
  const way = wayFrom({ thread }, kill, backup);
  const words = { none: ['all', 'fresh state'], after: ['a few', 'gap'], before: ['0', 'resumed'] }[backup];
  return { ...way, lost: words[0], told: words[1], at: null };
}

/**
 * @param {number} life
 * @param {number} n
 * @param {boolean} isKept
 * @returns {ThreadUpdate}
 */
function bead(life, n, isKept) {
  return { life, n, ack: true, room: isKept, backup: isKept, history: true };
}

/**
 * Kills the same room under each setting, and restores the setting that was in use.
 * @param {Backup} before the setting in use
 * @param {(words: string) => void} progress
 */
export async function measureAll(before, progress) {
  const path = `api/rooms/${ROOM}`;
  try {
    await tell('api/rooms', { name: ROOM }).catch((error) => {
      if (codeOf(error) !== 'taken') throw error;
    });
    for (const backup of WAYS) {
      progress(`backup = "${backup}": moves are made`);
      await set('rooms', { backup });
      const begun = (await ask(path)).open;
      await tell(`${path}/play?rate=${RATE}`, null);
      await until(path, ({ open }) => (open?.n ?? 0) >= begun.n + ENOUGH);
      /** @type {KillReport} */
      const report = await tell(`${path}/kill`, { what: 'room' });
      progress(`backup = "${backup}": killed, ${report.lost} lost`);
      await tell(`${path}/pause`, null);
      /** @type {Rooms} */
      const lab = await ask(path);
      if (lab.now.ack_us) times.set(backup, lab.now.ack_us.p50);
      /** @type {RoomHistory} */
      const past = await ask(`${path}/history?most=${PAST}`);
      measured.set(backup, wayFrom({ thread: beadsOf(past, report) }, killOf(report), backup));
    }
  } finally {
    await set('rooms', { backup: before });
    await tell(path, null, { method: 'DELETE' }).catch(() => {}); // it may never have been created
  }
}

/**
 * The updates around a kill, from the history: at this rate the room's own thread has gone on.
 * @param {RoomHistory} history
 * @param {KillReport} report
 */
function beadsOf({ entries }, { life, from, to }) {
  const isLost = (/** @type {Past} */ { life: of, n = 0 }) => of < life && from !== null && n >= from && n <= (to ?? 0);
  /** @type {ThreadUpdate[]} */
  const beads = entries.flatMap((past) => {
    if (past.kind === 'update') return [bead(past.life, past.n ?? 0, !isLost(past))];
    if (past.kind !== 'gap' || past.from === undefined || past.to === undefined) return [];
    const first = Math.max(past.from, past.to - SHOWN);
    const numbers = Array.from({ length: past.to - first + 1 }, (_, index) => first + index);
    return numbers.map((n) => bead(past.life, n, !isLost({ ...past, n })));
  });
  const ordered = beads.toSorted((a, b) => a.life - b.life || a.n - b.n);
  return ordered.filter(
    (one, index) => index === 0 || ordered[index - 1].n !== one.n || ordered[index - 1].life !== one.life,
  );
}

/** @param {KillReport} report @returns {LastKill} */
function killOf({ what, life, lost, from, to, acked, backed, down_ms }) {
  const range = /** @type {[number, number] | null} */ (from === null || to === null ? null : [from, to]);
  return { what, by_hand: true, ago_ms: 0, acked, backed, lost: range, lost_updates: lost, down_ms, life };
}

/**
 * Asks again until the snapshot shows something.
 * @param {string} path
 * @param {(lab: Rooms) => boolean} shows
 * @returns {Promise<Rooms>}
 */
async function until(path, shows) {
  const end = performance.now() + LIMIT_MS;
  for (;;) {
    /** @type {Rooms} */
    const lab = await ask(path);
    if (shows(lab)) return lab;
    if (performance.now() > end) throw new Error('the room makes no moves');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
