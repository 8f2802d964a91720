// What the bench's picture and charts are made of.

import type { ConsumerCell, Pair, PerMode, QueueState, Verdict, Word } from '../snapshot.d.ts';

export type Spot = [x: number, y: number];
export type Path = Spot[];

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** A verdict as the page shows it: the server's, or the page's own while the server is silent. */
export type Shown = Omit<Verdict, 'word'> & { word: Word | 'LOST' };

/** Figures of one moment. Rates are per second, times in seconds. */
export interface Figures {
  t: number;
  verdict: Verdict;
  arriving: PerMode<number>;
  done: number;
  doneBy: PerMode<number>;
  failed: number;
  refused: number;
  dropped: number;
  fed: number;
  depth: number;
  capacity: number;
  policy: string;
  engine: QueueState['engine'];
  safety: QueueState['safety'];
  /** When a file is synced: "always", or an interval such as "50ms". */
  sync: string;
  /** Held events of a durable engine that are not ready. */
  leased: number;
  delayed: number;
  settling: number;
  growth: number;
  oldestQueued: number | null;
  oldestInside: number | null;
  waiting: number;
  /** Clients that wait for their answer in serial. */
  clients: number;
  concurrency: number;
  busy: number;
  asking: number;
  rate: number;
  service: number;
  cells: ConsumerCell[];
  ages: number[] | null;
  limit: number | null;
  inside: PerMode<number>;
  total: number;
  door: number;
  frozen: number | null;
  paused: boolean;
}

/** Counters whose differences become particles. */
export interface Counts {
  arrived: PerMode<number>;
  done: PerMode<number>;
  failed: number;
  refused: number;
  dropped: number;
  fed: number;
}

export interface Lane {
  x: number;
  y: number;
  to: number;
  mode: number;
  /** Where a lane that runs down ends in the resource. */
  end?: number;
}

export interface Layout {
  wide: boolean;
  W: number;
  H: number;
  beds: number[];
  inlet: number;
  basin: Box;
  cells: Box;
  rack: Box;
  outlet: { x: number; y: number; h: number };
  manifold: number;
  collector: number;
  middle: number;
  exits: { x: number; y: number; done: number; failed: number };
  floor: number;
  trap: Box;
  columns: number[];
  lanes: Lane[];
  yard: Box;
  paths: Paths;
}

export interface Paths {
  lane(mode: number, level: number): Path;
  fall(level: number, surface: number): Path;
  bounce(): Path;
  spill(): Path;
  trap(): Path;
  feed(x: number, y: number): Path;
  ask(x: number, y: number): Path;
  work(x: number, y: number): Path;
  done(): Path;
  failed(): Path;
}

/** A canvas to draw on, and its colours by name. */
export interface Ink {
  context: CanvasRenderingContext2D;
  get(name: string): string;
}

/** What a particle or mark looks like: a mode's shape, something lost, or an ask. */
export type Look = 0 | 1 | 2 | 'danger' | 'ask';

/** A quarter of a second of the score. Rates are over three seconds, response times in milliseconds. */
export interface ScoreRow {
  t: number;
  arrived: number;
  accepted: number;
  out: number;
  depth: number;
  in_use: number;
  concurrency: number;
  /** The mode that was at work. */
  mode: number;
  p50: number | null;
  p99: number | null;
  /** Events done in the second before, by the step of their response time. */
  heat: Pair[];
}

/** A scale of values: where one is on the canvas. */
export interface Scale {
  low: number;
  high: number;
  y(value: number): number;
}

/** What is written at the right edge: a height, a text and its colour. */
export type End = [y: number, text: string, colour: string];
