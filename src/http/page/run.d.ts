// What the server says of runs and of the load that makes one.
//
// Responsible for: the fields that the page reads, and their JSON types. tests/page_types.rs holds each
// declared field against the server's answers; a run's file has more fields than the page reads.

import type { Mark, Mode } from './snapshot.d.ts';

export type Origin = 'recorded' | 'load' | 'kept' | 'simulated' | 'predicted' | 'ab' | 'bombardier' | 'hey' | 'oha' | 'wrk';
export type Validity = 'valid' | 'disturbed' | 'invalid';

/** `GET /api/runs`. */
export interface Listing {
  runs: Listed[];
  skipped: Skipped[];
}

export interface Listed {
  id: string;
  name: string | null;
  origin: Origin;
  target: string;
  began: string;
  seconds: number;
  load: string | null;
  rate: number | null;
  p50_ms: number | null;
  p99_ms: number | null;
  verdict: Validity;
}

export interface Skipped {
  file: string;
  why: string;
}

/** `GET /api/runs/ID`. */
export interface Run {
  target: string;
  audit: Audit;
  client: ClientSide | null;
  bench: BenchSide | null;
  prediction: Prediction | null;
  window?: WindowSide;
  skipped?: LeftOut;
}

/** What the samples of a kept window know. */
export interface WindowSide {
  series: Series;
  marks: Mark[];
}

/** The warm-up that the server left out. */
export interface LeftOut {
  seconds: number;
  says: string;
}

export interface Audit {
  checks: Check[];
}

export interface Check {
  verdict: 'passed' | 'caution' | 'failed';
  says: string;
  disturbed?: boolean;
}

export interface ClientSide {
  service: ByAnswer;
  response: ByAnswer | null;
  series: Series;
}

export interface ByAnswer {
  ok: Timing;
}

export interface BenchSide {
  modes: Record<string, ModeSide>;
  series: Series;
  marks: Mark[];
}

export interface ModeSide {
  requests: number;
  http: Timing;
  response: Timing;
}

export interface Timing {
  count: number | null;
  mean_ms: number | null;
  p50_ms: number | null;
  p90_ms: number | null;
  p99_ms: number | null;
  max_ms: number | null;
  /** Pairs of a time in microseconds and how often it was measured. */
  buckets_us?: [number, number][];
  /** Pairs of a percentile and milliseconds, where another tool reported no more. */
  points?: [number, number][];
}

export interface Series {
  interval_s: number;
  t: number[];
  columns: Record<string, (number | null)[]>;
}

export interface Prediction {
  answer: PredictedTimes | null;
  response: PredictedTimes | null;
  depth_over_time: [number, number][];
}

export interface PredictedTimes {
  p50_ms: number | null;
  p90_ms: number | null;
  p99_ms: number | null;
}

/** `GET /api/compare`. Differences are those of B, compared with A. */
export interface Compared {
  figures: Figure[];
  words: string;
  notes: string[];
  method: string;
}

export interface Figure {
  name: string;
  a_ms?: number;
  b_ms?: number;
  a_share?: number;
  b_share?: number;
  a_per_s?: number;
  b_per_s?: number;
  relative: number | null;
  interval: [number, number | null] | null;
  difference: string;
  words: string;
  unknown: string | null;
}

/** `GET /api/load`. */
export interface LoadState {
  running: boolean;
  mode: Mode | null;
  plan: string | null;
  stage: string | null;
  progress: Progress | null;
  held: number | null;
  measured: LoadFigures | null;
  last: LastLoad | null;
}

/** `GET /api/load/predict` and `GET /api/load/simulate`. */
export interface Expectation {
  figures: LoadFigures | null;
  note: string | null;
}

export interface LoadFigures {
  done_per_s: number | null;
  response_p50_ms: number | null;
  response_p99_ms: number | null;
  lost_share: number | null;
  peak_depth: number | null;
  peak_in_use: number | null;
  seconds: number | null;
}

export interface Progress {
  seconds: number;
  answered: number;
  refused: number;
  failed: number;
  aborted: number;
  in_flight: number;
  rate: number | null;
  p99_ms: number;
}

export interface LastLoad {
  mode: Mode;
  plan: string;
  measured: LoadFigures | null;
  run: string | null;
  verdict: Validity | null;
  error: string | null;
}
