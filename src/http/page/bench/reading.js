// @ts-check
// The figures of the bench, as the picture and the charts read them.
//
// Responsible for: taking them out of a snapshot, in seconds and events a second, and the rates that the
// server does not send. All words of a moment come from one reading, so that no figure has two values.

import { perMode } from '../modes.js';
import { Rates } from './rates.js';

/** @import { Snapshot } from '../snapshot.d.ts' */
/** @import { Counts, Figures } from './types.d.ts' */

const WINDOW_S = 3; // as the server measures its rates

export class Reading {
  #rates = new Rates(WINDOW_S);

  /**
   * @param {Snapshot} snapshot
   * @returns {{ figures: Figures, counts: Counts }}
   */
  take(snapshot) {
    const { config, queue, consumers, resource, modes, ledger, uptime_s: t } = snapshot;
    const counts = {
      arrived: perMode((mode) => modes[mode].arrived),
      done: perMode((mode) => modes[mode].response_ms.count),
      failed: ledger.failed,
      refused: queue.refused,
      dropped: queue.dropped,
      fed: snapshot.components.find(({ kind }) => kind === 'pool')?.events_in ?? 0,
    };
    const [serial, spawned, pipelined] = counts.done;
    this.#rates.add(t, { serial, async: spawned, pipelined, failed: counts.failed, fed: counts.fed });
    const doneBy = perMode((mode) => this.#rates.of(mode));
    const inside = perMode((mode) => modes[mode].in_use);
    const busy = consumers.busy;
    return {
      counts,
      figures: {
        t,
        verdict: snapshot.verdict,
        arriving: perMode((mode) => modes[mode].arrival_rate),
        doneBy,
        done: doneBy[0] + doneBy[1] + doneBy[2],
        failed: this.#rates.of('failed'),
        fed: this.#rates.of('fed'),
        refused: queue.refusal_rate,
        dropped: queue.drop_rate,
        depth: queue.depth,
        capacity: queue.capacity,
        policy: queue.when_full,
        engine: queue.engine,
        safety: queue.safety,
        sync: String(config.effective.queue.sync ?? ''),
        leased: queue.leased,
        delayed: queue.delayed,
        settling: queue.settling,
        growth: queue.growth,
        oldestQueued: seconds(queue.oldest_ms),
        oldestInside: seconds(resource.oldest_ms),
        waiting: queue.waiting,
        clients: modes.serial.in_flight,
        concurrency: consumers.concurrency,
        busy,
        asking: Math.max(0, consumers.concurrency - busy),
        rate: consumers.rate ?? 0,
        service: consumers.mean_service_ms / 1000,
        cells: consumers.cells,
        ages: consumers.ages,
        limit: resource.limit,
        inside,
        total: resource.in_use,
        door: resource.waiting,
        frozen: resource.frozen ? (resource.frozen_ms ?? 0) / 1000 : null,
        paused: snapshot.paused,
      },
    };
  }
}

/** @param {number | null} ms */
const seconds = (ms) => (ms === null ? null : ms / 1000);
