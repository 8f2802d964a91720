// @ts-check
// The last minute of a lab: columns of figures with one step of time, and the marks on them.
//
// Responsible for: joining the whole history of a first record with the new points of later ones. score.js draws it.

/** @typedef {{ at_ms: number, kind: string, word: string }} Mark */
/** @typedef {{ step_ms: number, from_ms: number } & Record<string, any>} Piece columns of equal length, and when they begin */

const MARKS = 40;

export class Series {
  /** Columns by name; null where a figure is not known. @type {Record<string, (number | null)[]>} */
  columns = {};
  /** @type {Mark[]} */
  marks = [];
  step = 100;
  /** When the first point was measured. */
  from = 0;
  /** The server's time of the newest record. */
  now = 0;

  /**
   * @param {number} most points that are kept
   * @param {number} marks the newest are kept
   */
  constructor(most = 600, marks = MARKS) {
    this.most = most;
    this.mostMarks = marks;
  }

  get length() {
    return Object.values(this.columns)[0]?.length ?? 0;
  }

  /** When a point was measured. @param {number} index */
  time(index) {
    return this.from + index * this.step;
  }

  /**
   * Takes the points and marks of a record.
   * @param {number} now
   * @param {Piece} piece
   * @param {Mark[]} marks
   */
  take(now, piece, marks) {
    const isEarlier = now < this.now; // the server has been restarted
    this.now = now;
    this.#points(piece, isEarlier);
    if (isEarlier) this.marks = [];
    for (const mark of marks) {
      const known = this.marks.some((one) => one.at_ms === mark.at_ms && one.word === mark.word);
      if (!known) this.#mark(mark);
    }
    this.marks = this.marks.toSorted((a, b) => a.at_ms - b.at_ms).slice(-this.mostMarks);
  }

  /** While a slider moves, the server replaces the mark of the load. @param {Mark} mark */
  #mark(mark) {
    const last = this.marks.at(-1);
    const continues = mark.kind === 'load' && last?.kind === 'load' && mark.at_ms - last.at_ms < 1000;
    if (continues) this.marks.pop();
    this.marks.push(mark);
  }

  /** Forgets everything, after a reset. */
  clear() {
    this.columns = {};
    this.marks = [];
  }

  /**
   * @param {Piece} piece
   * @param {boolean} isEarlier
   */
  #points({ step_ms: step, from_ms: from, ...columns }, isEarlier) {
    const arrays = Object.entries(columns).filter(([, column]) => Array.isArray(column));
    const fresh = arrays[0]?.[1].length ?? 0;
    if (fresh === 0) return;
    const end = this.from + this.length * this.step;
    const joins = !isEarlier && step === this.step && from >= this.from && from <= end + step / 2;
    if (this.length === 0 || !joins || from <= this.from) {
      this.columns = Object.fromEntries(arrays.map(([name, column]) => [name, [...column]]));
      this.from = from;
      this.step = step;
      return;
    }
    const kept = Math.round((from - this.from) / step);
    const surplus = Math.max(0, kept + fresh - this.most);
    for (const [name, column] of arrays) {
      const own = this.columns[name] ?? [];
      own.length = Math.min(own.length, kept);
      own.push(...column);
      if (surplus > 0) own.splice(0, surplus);
      this.columns[name] = own;
    }
    this.from += surplus * step;
  }
}
