// @ts-check
// Rates from counters that only grow.
//
// Responsible for: differences over a few seconds. A counter that has shrunk was reset: then it begins anew.

const LEAST_S = 0.95; // a shorter time is too short for a rate

export class Rates {
  /** @type {{ t: number, counts: Record<string, number> }[]} */
  #samples = [];

  /** @param {number} span seconds that rates are measured over */
  constructor(span) {
    this.span = span;
  }

  /**
   * @param {number} t
   * @param {Record<string, number>} counts
   */
  add(t, counts) {
    const last = this.#samples.at(-1);
    const wasReset = last && (t < last.t || Object.keys(counts).some((name) => counts[name] < last.counts[name]));
    if (wasReset) this.#samples = [];
    this.#samples.push({ t, counts });
    while (this.#samples.length > 2 && this.#samples[1].t <= t - this.span) this.#samples.shift();
  }

  /**
   * A second; 0 until there are figures of a second.
   * @param {string} name
   */
  of(name) {
    const [first] = this.#samples;
    const last = this.#samples[this.#samples.length - 1];
    const seconds = last ? last.t - first.t : 0;
    return seconds < LEAST_S ? 0 : (last.counts[name] - first.counts[name]) / seconds;
  }
}
