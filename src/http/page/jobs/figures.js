// @ts-check
// The four large figures of the jobs lab.
//
// Responsible for: which value each shows, and what it shows while the lab is stalled.

import { find, write } from '../dom.js';
import { format } from '../format.js';

/** @import { Figure } from '../labs/figure.js' */
/** @import { Jobs } from './types.d.ts' */

/** How long nothing has moved, with one figure in front of its unit. @param {number} ms */
function stalledText(ms) {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return format.age(ms);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}\u202fmin`;
}

/**
 * @param {(selector: string) => Figure} make
 * @returns {(jobs: Jobs) => void}
 */
export function figures(make) {
  const [rate, late, yours, core] = ['#f-rate', '#f-late', '#f-yours', '#f-core'].map(make);
  const target = find(document, '#of-target');
  const ofCore = find(document, '#of-core');
  return ({ now, load, cores, verdict }) => {
    const isStalled = verdict.word === 'STALLED';
    const tone = isStalled ? 'bad' : '';
    write(target, format.count(load.target));
    rate.show(`${format.count(now.rate)}\u202fjobs/s`, tone);
    late.show(isStalled ? stalledText(now.stalled_ms) : format.ms(now.lateness_ms?.p99), tone);
    yours.show(isStalled ? '∞' : format.ms(now.yours_ms?.p50), tone);
    const several = cores.length > 1;
    write(ofCore, several ? `cores in use, of ${cores.length}` : 'core in use');
    const used = cores.reduce((sum, { share }) => sum + share, 0);
    core.show(several ? used.toFixed(2) : format.percent(used), cores.some(({ lost }) => lost) ? 'bad' : '');
  };
}
