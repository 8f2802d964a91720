// The axes of charts: where a value is placed along them, and which ticks they have.
//
// Responsible for: the scales of values (linear, logarithmic, logarithmic with a place for zero) and
// what a chart may have along its foot: the time until now, the time since a run began, percentiles.
// Left to others: all drawing, and how a value is written (charts.js, panels.js).
//
// An axis along the foot has: `fit(rows)`, which returns the rows to be shown and is called before
// anything else; `place(t)`, a share of the width, and `invert(share)`; `ticks()`, pairs of a place
// and a text; `at(rows, t)`, the index of the row that belongs to a place, or -1; `rest`, where the
// read-outs stand while nobody points, and `named` if they say so; `say(t)`, a place in words; `bridge`,
// the longest hole that a line still crosses, and `carry`, for how long a read-out keeps a value.

const NINES = { least: 2, most: 6 };

/** Time that ends now: the live charts. A row is a quarter of a second. */
export class UntilNow {
  span = 120;
  end = 0;
  // Percentiles exist only for quarter seconds in which something finished. A slow bench finishes one
  // event every second or two; joining across that much silence shows a line instead of dust.
  bridge = 2.6;
  carry = 2.6;

  fit(rows) {
    this.end = this.rest = rows.at(-1)?.t ?? 0;
    const from = rows.findIndex((row) => row.t >= this.end - this.span);
    return from < 0 ? [] : rows.slice(from);
  }

  place(t) {
    return 1 - (this.end - t) / this.span;
  }

  invert(share) {
    return this.end - this.span * (1 - share);
  }

  ticks() {
    const back = (part) => this.span * (1 - part / 4);
    return [0, 1, 2, 3, 4].map((part) => [part / 4, ago(back(part))]);
  }

  at(rows, t) {
    let index = rows.length - 1;
    while (index >= 0 && rows[index].t > t + 0.125) index -= 1;
    return index;
  }

  say(t) {
    return `${t.toFixed(1)} s up, ${(this.end - t).toFixed(1)} s ago`;
  }
}

/** Time since a run began, from its first second to its last. */
export class SinceBegin {
  to = 1;
  rest = null;
  bridge = Infinity; // both are set with the rows: a run tells the length of its intervals
  carry = Infinity;

  fit(rows) {
    this.to = Math.max(rows.at(-1)?.t ?? 0, 0.001);
    return rows;
  }

  place(t) {
    return t / this.to;
  }

  invert(share) {
    return share * this.to;
  }

  ticks() {
    const step = nice(this.to / 6);
    const unit = this.to > 300 ? [60, 'min'] : this.to < 0.5 ? [0.001, 'ms'] : [1, 's'];
    const size = nice(step / unit[0]) * unit[0];
    const count = Math.floor(this.to / size + 0.001);
    const text = (index) => `${Number(((index * size) / unit[0]).toPrecision(4))}\u202f${unit[1]}`;
    return Array.from({ length: count + 1 }, (_, index) => [this.place(index * size), text(index)]);
  }

  at(rows, t) {
    return nearest(rows, t, (one) => one);
  }

  say(t) {
    return `${t.toFixed(1)} s after the beginning`;
  }
}

/**
 * Percentiles on the usual logarithm of what lies beyond them: 90, 99 and 99.9 % are equally far
 * apart. The axis is as long as the most measured times give it a meaning.
 */
export class LogNines {
  bridge = Infinity;
  carry = 0;
  rest = 99;
  named = true;
  nines = NINES.least;

  fit(rows) {
    const last = rows.findLast((row) => row.t < 100)?.t ?? 0;
    this.nines = Math.min(NINES.most, Math.max(NINES.least, Math.ceil(nines(last) - 0.001)));
    return rows;
  }

  place(percent) {
    return Math.min(1, nines(percent) / this.nines);
  }

  invert(share) {
    return 100 * (1 - 10 ** (-share * this.nines));
  }

  ticks() {
    const decades = Array.from({ length: this.nines }, (_, index) => 100 * (1 - 10 ** -(index + 1)));
    return [0, 50, ...decades].map((percent) => [this.place(percent), percentage(percent)]);
  }

  at(rows, percent) {
    return nearest(rows, percent, (one) => this.place(one));
  }

  say(percent) {
    return percentage(percent);
  }
}

const nines = (percent) => -Math.log10(1 - percent / 100);

/** As many digits as it takes to tell a percentile from the next: 99.95 %, 99.9917 %. */
export function percentage(percent) {
  const digits = percent >= 100 ? 0 : Math.max(0, Math.ceil(nines(percent)));
  return `${Number(percent.toFixed(Math.min(6, digits)))}\u202f%`;
}

function nearest(rows, t, place) {
  const away = (row) => Math.abs(place(row.t) - place(t));
  let best = rows.length ? 0 : -1;
  rows.forEach((row, index) => {
    if (away(row) < away(rows[best])) best = index;
  });
  return best;
}

export function linear(max) {
  const high = Math.max(max, 4);
  const step = nice(high / 4);
  const top = Math.ceil(high / step) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  return { high: top, ticks, place: (value) => value / top };
}

/**
 * Starts close to the data: at the 1, 2 or 5 below the least value, not at a far-off decade. `tight` lets
 * it be shorter than a decade as well, and leaves some room on both sides. `unit` is the smallest value
 * that is measured: a logarithm has no zero, so what is below the unit has a strip at the foot. The strip
 * is there if `zero` says that it is needed. No value is placed on a tick that is above it.
 */
export function logarithmic(min, max, { unit, zero = false, tight = false }) {
  const room = tight ? 1.03 : 1;
  const low = zero ? unit : Math.max(unit, nice(Math.max(unit, min || 1) / room, 'down'));
  const high = Math.max(nice(max * room), low * (tight ? 2 : 10));
  const foot = zero ? 0.12 : 0;
  const place = (value) => {
    if (value < low) return foot * (value / low);
    return foot + (1 - foot) * (Math.log(value / low) / Math.log(high / low));
  };
  const ticks = zero ? [0, low] : [low]; // the foot of the axis is always labelled
  const decades = Math.log10(high / low);
  const factors = decades > 2 ? [1] : decades > 1.2 ? [1, 5] : decades > 0.75 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 7];
  const stride = Math.ceil(decades / 5);
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += stride) {
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (place(value) > foot + 0.1 && value <= high * 1.001) ticks.push(value);
    }
  }
  return { high, ticks, place };
}

/** The next 1, 2 or 5 times a power of ten, above or below. */
function nice(value, way = 'up') {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  const steps = way === 'up' ? [1, 2, 5, 10] : [10, 5, 2, 1];
  const fits = (step) => (way === 'up' ? step * power >= value * 0.999 : step * power <= value * 1.001);
  return steps.find(fits) * power;
}

function ago(seconds) {
  if (seconds === 0) return 'now';
  const rest = Math.round(seconds % 60);
  return `−${Math.floor(seconds / 60)}:${String(rest).padStart(2, '0')}`;
}
