// @ts-check
// Words over the field: the watcher that is furthest behind, or what to run when there is no watcher.
//
// Responsible for: the words, and a place that hides neither the square nor the edge of the field.

import { element, find, write } from '../dom.js';
import { format } from '../format.js';
import { code } from '../prose.js';

/** @import { Field } from './field.js' */
/** @import { BehindOne, Match } from './types.d.ts' */

const NARROW = 500; // px

/**
 * What happened to the watcher that is furthest behind, without its name.
 * @param {BehindOne} one
 * @param {Match} match
 */
export function behindText({ events, dropped, gap, for_ms: since }, { behind, event }) {
  const first = `has read nothing for ${format.age(since)}.`;
  if (behind === 'wait' && (event?.stalled_ms ?? 0) > 0)
    return `${first} The sender waits for it, so all that come after it wait too.`;
  const waits = `${format.count(events)} ${events === 1 ? 'event waits' : 'events wait'} for it`;
  if (dropped === 0) return `${first} ${waits}.`;
  const lost = `${waits}; ${format.count(dropped)} older ${dropped === 1 ? 'one is' : 'ones are'} dropped.`;
  return gap ? `${first} ${lost} When it reads again, it gets “gap ${gap[0]}–${gap[1]}”.` : `${first} ${lost}`;
}

export class Callout {
  #box = find(document, '#callout');
  #who = find(document, '#callout b');
  #words = find(document, '#callout span');
  #others = find(document, '#callout small');
  #empty = find(document, '#empty');
  #steps = find(document, '#empty .steps');
  #stepsOf = '';
  #field;

  /** @param {Field} field */
  constructor(field) {
    this.#field = field;
  }

  /** @param {Match} match */
  update(match) {
    this.#suggest(match);
    const behind = match.event?.behind ?? [];
    this.#box.hidden = behind.length === 0 || match.now.watchers === 0;
    if (this.#box.hidden) return;
    const [worst] = behind;
    write(this.#who, worst.user);
    write(this.#words, ` (place ${format.count(worst.place)}) ${behindText(worst, match)}`);
    const more = behind.length - 1;
    write(
      this.#others,
      more > 0 ? `${more === 19 ? 'At least 19' : more} more ${more === 1 ? 'is' : 'are'} behind.` : '',
    );
    this.#move(worst.place);
  }

  /** Puts the box beside the square. @param {number} place */
  #move(place) {
    const spot = this.#field.spotOf(place);
    const { surface } = this.#field;
    const width = surface.canvas.clientWidth;
    const height = surface.canvas.clientHeight;
    if (!spot || width === 0) return;
    const [x, y] = spot;
    const { offsetWidth: wide, offsetHeight: high } = this.#box;
    const beside = x + 26 + wide <= width ? x + 26 : x - 26 - wide;
    const isNarrow = width < NARROW || beside < 0;
    const left = isNarrow ? Math.max(0, width - wide) / 2 : beside;
    const top = isNarrow
      ? y > height / 2
        ? 4
        : height - high - 4
      : Math.min(Math.max(0, y - high / 2), height - high);
    const style = this.#box.style;
    const [across, down] = [`${Math.round(left)}px`, `${Math.round(Math.max(0, top))}px`];
    if (style.left !== across) style.left = across;
    if (style.top !== down) style.top = down;
  }

  /** What to run while there is no watcher. @param {Match} match */
  #suggest({ match, now }) {
    this.#empty.hidden = now.watchers > 0;
    if (this.#empty.hidden) return;
    const isRunning = match.period !== 'not begun' && match.period !== 'over';
    const id = match.id === 'weir-sluice' ? '' : ` --match ${match.id}`;
    const play = `weir match play${id} --rate 2`;
    const watch = `weir load watch -c 10000${id}`;
    const steps = isRunning ? [watch] : [play, watch];
    if (steps.join() === this.#stepsOf) return;
    this.#stepsOf = steps.join();
    this.#steps.replaceChildren(...steps.map((step) => element('li', '', code(step))));
  }
}
