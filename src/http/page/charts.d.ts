// What charts, axes and series are, for those that make them and those that draw them.

/** A row of a chart: anything with a place on the axis along the foot. */
export interface Place {
  t: number;
}

/** An axis along the foot: the time until now, the time since a run began, or percentiles. */
export interface Axis {
  /** Returns the rows to be shown. Called before anything else. */
  fit<R extends Place>(rows: R[]): R[];
  /** The share of the width at which a place is. */
  place(t: number): number;
  /** The place at a share of the width. */
  invert(share: number): number;
  /** Pairs of a share of the width and a text. */
  ticks(): [share: number, text: string][];
  /** The index of the row that belongs to a place, or -1. */
  at(rows: Place[], t: number): number;
  /** A place in words. */
  say(t: number): string;
  /** The place that the read-outs are of while nothing is pointed at; null for none. */
  rest: number | null;
  /** Whether the read-outs say which place they are of. */
  named?: boolean;
  /** The longest gap that a line crosses. */
  bridge: number;
  /** How long a read-out keeps a value. */
  carry: number;
}

/** An axis of values. */
export interface Scale {
  /** The value at the top. */
  high: number;
  ticks: number[];
  /** The share of the height at which a value is. */
  place(value: number): number;
}

/** A line of a chart. Lines of one name share a read-out, and `part` tells them apart. */
export interface Series<R extends Place> {
  name: string;
  part?: string;
  /** A variable of the style sheet. */
  colour: string;
  dash?: boolean;
  /** Whether a value holds until the next. */
  step?: boolean;
  /** Whether it is drawn even if it is zero throughout. */
  always?: boolean;
  /** Whether each value has a dot. */
  knots?: () => boolean;
  get(row: R): number | null;
}

export interface Options<R extends Place> {
  series: Series<R>[];
  /** "log0" is a logarithm with a place for zero. */
  scale: 'linear' | 'log' | 'log0';
  /** A value in the read-out. */
  format: (value: number | null) => string;
  /** A value at a tick. */
  tick: (value: number | null) => string;
  /** A limit, drawn if it is near the values. */
  reference?: { label: string; get: () => number | null | undefined };
  /** Whether the read-out names its values. */
  named?: boolean;
  /** Whether there are lines at the ticks along the foot as well. */
  upright?: boolean;
  /** Whether a logarithmic scale may be shorter than a decade. */
  tight?: boolean;
}

/** Something that happened at a place. */
export interface Happening {
  t: number;
  kind: string;
  text: string;
}
