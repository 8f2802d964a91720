// @ts-check
// What a chart stands at, in words: beside its title, in its tooltip and for screen readers.
//
// Responsible for: which value belongs to a place on the axis, and how values with several parts are
// put together. Where the place is, the chart says.

import { element, find } from './dom.js';

/** @import { Chart } from './chart.js' */
/** @import { Happening, Place, Series } from './charts.d.ts' */

/** @template {Place} Row */
export class Readout {
  #words = '';

  /**
   * @param {Chart<Row>} chart
   * @param {HTMLElement} figure
   */
  constructor(chart, figure) {
    this.chart = chart;
    this.title = find(figure, 'h3').firstChild?.textContent?.trim() ?? '';
    this.line = find(figure, 'figcaption').appendChild(element('p', 'readout'));
  }

  /**
   * Writes the newest values, or those under the crosshair.
   * @param {Row[]} rows
   * @param {number} at the index of a row, or -1
   */
  write(rows, at) {
    const { named, reference, format } = this.chart.options;
    const { axis } = this.chart.board;
    const values = this.#values(rows, at);
    const limit = reference?.get();
    if (limit) values.push({ name: reference?.label ?? '', parts: [], text: format(limit) });
    const where = axis.named && at >= 0 ? axis.say(rows[at].t) : '';
    const words = [where, ...values.map(({ name, text }) => `${name} ${text}`.trim())].filter(Boolean).join(', ');
    if (words === this.#words) return;
    this.#words = words;
    this.chart.canvas.setAttribute(
      'aria-label',
      `${this.title}: ${words || 'nothing in this span'}. Arrow keys move the crosshair.`,
    );
    const spans = values.map(({ name, text }) => {
      const label = named ? `${name.replace('-', ' ')} ` : '';
      return element('span', '', element('i', `mark ${name}`), label, element('b', '', text));
    });
    this.line.replaceChildren(...(where && values.length ? [where] : []), ...spans);
  }

  /**
   * The tooltip's lines: the place, what was marked near it, and the values.
   * @param {Row[]} rows
   * @param {number} at the index of a row
   * @param {Happening[]} marks
   */
  explain(rows, at, marks) {
    const head = element('b', '', this.chart.board.axis.say(rows[at].t));
    const said = marks.map((mark) => element('p', `said ${mark.kind}`, mark.text));
    const lines = this.#values(rows, at).map(({ name, parts, text }) => {
      const label = `${name.replace('-', ' ')} ${parts.join(' / ')}`;
      return element('p', 'pair', element('i', `mark ${name}`), label, element('b', '', text));
    });
    return [head, ...said, ...lines];
  }

  /**
   * What each name stands at, with all its parts in one text: `p50 / p99`.
   * @param {Row[]} rows
   * @param {number} at
   * @returns {{ name: string, parts: string[], text: string }[]}
   */
  #values(rows, at) {
    const { shown } = this.chart;
    const { format } = this.chart.options;
    const names = [...new Set(shown.map((one) => one.name))];
    return names.map((name) => {
      const own = shown.filter((one) => one.name === name);
      const values = own.map((one) => this.#valueAt(one, rows, at));
      const unknown = at < 0 ? '' : '–';
      const text = values.every((value) => value === null)
        ? unknown
        : joined(values.map((value) => (value === null ? '–' : format(value))));
      return { name, parts: own.map((one) => one.part ?? ''), text };
    });
  }

  /**
   * The value at a row, or the last one before it that the line is still drawn from.
   * @param {Series<Row>} one
   * @param {Row[]} rows
   * @param {number} at
   */
  #valueAt(one, rows, at) {
    const { carry } = this.chart.board.axis;
    for (let index = at; index >= 0 && rows[at].t - rows[index].t <= carry; index -= 1) {
      const value = one.get(rows[index]);
      if (value !== null) return value;
    }
    return null;
  }
}

/**
 * Texts with their common unit once: "52 / 57 ms".
 * @param {string[]} texts
 */
export function joined(texts) {
  const unit = texts.at(-1)?.match(/\s\S+$/)?.[0];
  const bare = texts.map((text, index) =>
    unit && index < texts.length - 1 && text.endsWith(unit) ? text.slice(0, -unit.length) : text,
  );
  return bare.join(' / ');
}
