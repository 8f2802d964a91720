// @ts-nocheck
// TO BE DELETED once the server sends the verdict and the figures it is made of (GET /api/snapshot).
//
// Responsible for: completing a snapshot of a server that does not send them yet, by the rules that the
// server will have.

import { MODES } from '../modes.js';
import { Rates } from './rates.js';
import { long, rate as per, percent, time, whole } from './say.js';

const rates = new Rates(3);
let cells = [];
let finished = 0;
let last = 0;

/** @param {any} snapshot @returns {any} */
export function complete(snapshot) {
  if (snapshot.verdict) return snapshot;
  const { modes, queue, consumers, resource, config, uptime_s: t } = snapshot;
  const counts = { refused: queue.refused, dropped: queue.dropped };
  for (const mode of MODES) counts[mode] = modes[mode].arrived;
  rates.add(t, counts);
  grown.push([t, queue.depth]);
  while (grown.length > 2 && grown[1][0] <= t - 6) grown.shift();
  for (const mode of MODES) modes[mode].arrival_rate = rates.of(mode);
  const [first] = grown;
  queue.growth = t - first[0] > 0.5 ? (queue.depth - first[1]) / (t - first[0]) : 0;
  queue.refusal_rate = rates.of('refused');
  queue.drop_rate = rates.of('dropped');
  const { service_ms: service } = modes.pipelined;
  const c = consumers.concurrency;
  consumers.mean_service_ms = service.count ? service.mean : ms(config.effective.resource.latency.mean);
  const pool = resource.limit ? Math.min(c, resource.limit) : c;
  consumers.rate = pool / (consumers.mean_service_ms / 1000);
  ages(snapshot, t);
  snapshot.verdict = verdict(snapshot, pool);
  return snapshot;
}

/** @type {[number, number][]} */
const grown = [];
const ms = (/** @type {string} */ text) =>
  Number.parseFloat(text) * (/ms$/.test(text) ? 1 : /s$/.test(text) ? 1000 : 1);

function ages({ consumers, modes, resource }, t) {
  const { concurrency: c, busy, held } = consumers;
  const now = modes.pipelined.service_ms.count + modes.pipelined.failed_ms.count;
  const lapse = resource.frozen ? 0 : Math.max(0, t - last) * 1000;
  let done = Math.max(0, now - finished);
  last = t;
  finished = now;
  for (const cell of cells) if (cell.age_ms !== null) cell.age_ms += lapse;
  for (const cell of cells.filter(({ age_ms: a }) => a !== null).sort((a, b) => b.age_ms - a.age_ms)) {
    if (done-- <= 0) break;
    cell.age_ms = null;
  }
  while (cells.length < c) cells.push({ age_ms: null, held: 0, at_door: false });
  cells.length = Math.max(c, busy);
  cells = [...cells].map((cell) => cell ?? { age_ms: null, held: 0, at_door: false });
  let open = busy - cells.filter(({ age_ms: a }) => a !== null).length;
  for (const cell of cells) {
    if (open > 0 && cell.age_ms === null) [cell.age_ms, open] = [10, open - 1];
    if (open < 0 && cell.age_ms !== null) [cell.age_ms, open] = [null, open + 1];
  }
  const door = resource.waiting;
  const each = held ? Math.ceil(held / Math.max(1, c)) : 0;
  cells = cells.map((cell, index) => ({ age_ms: cell.age_ms, held: each, at_door: index < door }));
  consumers.cells = c > 60 ? [] : cells.map((cell) => ({ ...cell }));
  consumers.ages = null;
  if (c <= 60) return;
  consumers.ages = [0, 0, 0, 0, 0, 0, 0, 0];
  for (const { age_ms: age } of cells) {
    if (age !== null) consumers.ages[Math.min(7, Math.floor((age / consumers.mean_service_ms) * 8))] += 1;
  }
}

let said = null;
let since = 0;

function verdict({ queue, consumers, resource, modes, paused, uptime_s: t }, pool) {
  const [q, K, c, mu, S] = [
    queue.depth,
    queue.capacity,
    consumers.concurrency,
    consumers.rate,
    consumers.mean_service_ms / 1000,
  ];
  const lambda = modes.pipelined.arrival_rate;
  const limit = resource.limit;
  const lost = queue.refusal_rate + queue.drop_rate;
  const who = limit && limit <= c ? `${limit} slots` : `${whole(c)} consumer${c === 1 ? '' : 's'}`;
  const supply = `${per(lambda)}/s arrive, ${who} do ${per(mu)}/s (${whole(pool)} ÷ ${time(S)}).`;
  const enough = Math.ceil((lambda * S) / 0.9);
  const advice =
    limit && enough > limit
      ? `More consumers would not help: the resource lets ${limit} in.`
      : `${whole(enough)} consumers would do.`;
  const fill =
    lambda > 0.05 ? `${whole(q)} wait, ${per(lambda)}/s more: full in ${long((K - q) / lambda)}.` : `${whole(q)} wait.`;
  const tenths = (share) => `${Math.min(10, Math.max(1, Math.round(share * 10)))} of 10`;
  const all = MODES.reduce((sum, mode) => sum + modes[mode].arrival_rate, 0);
  const say = (word, tone, blame, cause, consequence = '', remedy = null) => {
    if (said !== word) [said, since] = [word, t];
    return { word, tone, blame, cause, consequence, remedy, since_s: t - since };
  };
  if (resource.frozen)
    return say(
      'FROZEN',
      'ice',
      'resource',
      `The resource has stood still for ${(resource.frozen_ms / 1000).toFixed(1)} s.`,
      `${whole(resource.in_use)} are held inside. Nothing finishes, ${per(all)}/s go on arriving.`,
    );
  if (paused) return say('PAUSED', 'hold', 'gate', 'The gate is shut: the consumers get nothing.', fill);
  if (c === 0)
    return say('NO CONSUMERS', 'danger', 'consumers', 'Concurrency is 0: nothing takes from the queue.', fill);
  if (modes.async.in_use > Math.max(100, 10 * c) * (said === 'UNPROTECTED' ? 0.5 : 1))
    return say(
      'UNPROTECTED',
      'danger',
      'resource',
      `Async has ${whole(modes.async.in_use)} in the resource at once.`,
      `Nothing holds it back: ${per(modes.async.arrival_rate)}/s × ${time(S)}. The pool never has more than ${c}.`,
    );
  if (q >= 0.96 * K && (queue.waiting > 0 || lost > 0.02 * lambda)) {
    const cause = {
      reject: `${tenths(queue.refusal_rate / lambda)} requests are turned away.`,
      wait: `${whole(queue.waiting)} clients wait at the rim.`,
      drop_newest: `${tenths(queue.drop_rate / lambda)} events are dropped on arrival.`,
      drop_oldest: `${tenths(queue.drop_rate / lambda)} events are dropped unworked, the oldest first.`,
    }[queue.when_full];
    return say('FULL', 'danger', 'basin', cause, supply, advice);
  }
  if (lambda > mu * 1.05 && queue.growth > 0.02 * mu)
    return say(
      'OVERLOADED',
      'danger',
      limit && limit <= c ? 'resource' : 'consumers',
      supply,
      `The queue grows by ${per(queue.growth)}/s: full in ${long((K - q) / queue.growth)}.`,
      advice,
    );
  if (q > mu && lambda < mu * 0.95)
    return say(
      'DRAINING',
      'flow',
      null,
      `${whole(q)} wait: empty in ${long(q / Math.max(0.01 * mu, mu - lambda))}.`,
      supply,
    );
  if (lambda > 0.05 && lambda < mu * 0.5)
    return say(
      'STARVED',
      'flow',
      null,
      `${whole(c - consumers.busy)} of ${whole(c)} consumers wait for events.`,
      `${per(lambda)}/s arrive, ${per(mu)}/s could be done: ${percent(lambda / mu)} busy.`,
      `${Math.max(1, enough)} would do.`,
    );
  if (lambda > 0.05)
    return say(
      'BALANCED',
      'good',
      null,
      `${per(lambda)}/s of ${per(mu)}/s: ${percent(Math.min(1, lambda / mu))} busy.`,
      `${whole(c)} consumers ÷ ${time(S)}.`,
    );
  if (modes.serial.in_use > 0)
    return say(
      'HELD BACK',
      'good',
      null,
      `${whole(modes.serial.in_use)} clients wait, each for its own answer.`,
      `${whole(modes.serial.in_use)} ÷ ${time(S)} = ${per(modes.serial.in_use / S)}/s.`,
    );
  if (q + consumers.busy + modes.async.in_use > 0)
    return say(
      'AT WORK',
      'good',
      null,
      `${whole(q + consumers.busy + modes.async.in_use)} are being worked on.`,
      'Nothing new arrives.',
    );
  return say(
    'IDLE',
    'idle',
    null,
    'Nothing arrives and nothing waits.',
    `${whole(c)} consumers stand ready for ${per(mu)}/s.`,
  );
}
