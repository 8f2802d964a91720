// What the server says of the bench: the snapshot, the history and the percentile curves.
//
// Responsible for: the fields and their JSON types. tests/page_types.rs holds this file against the
// server's answers, in both directions. What a field means, the Rust struct of the same name says.

export type Mode = 'serial' | 'async' | 'pipelined';

/** An entry for each mode, in the order of `MODES`. */
export type PerMode<T> = [T, T, T];

/** `GET /api/snapshot`, and each frame of the live stream. */
export interface Snapshot {
  version: string;
  uptime_s: number;
  verdict: Verdict;
  draining: boolean;
  config: ConfigState;
  resource: ResourceState;
  queue: QueueState;
  consumers: ConsumerState;
  paused: boolean;
  read_only: boolean;
  components: Component[];
  ledger: LedgerState;
  modes: Modes;
  keeping: KeepingState;
  point: Point;
}

/** What is said of the bench in a word, and why. */
export interface Verdict {
  word: Word;
  tone: 'danger' | 'hold' | 'flow' | 'good' | 'ice' | 'idle';
  blame: 'resource' | 'gate' | 'consumers' | 'basin' | null;
  cause: string;
  consequence: string;
  remedy: string | null;
  since_s: number;
}

export type Word =
  | 'FROZEN'
  | 'PAUSED'
  | 'NO CONSUMERS'
  | 'UNPROTECTED'
  | 'FULL'
  | 'OVERLOADED'
  | 'DRAINING'
  | 'STARVED'
  | 'BALANCED'
  | 'HELD BACK'
  | 'AT WORK'
  | 'IDLE';

export interface ConfigState {
  generation: number;
  error: string | null;
  source: string | null;
  changed_s: number;
  changes: string[];
  notes: string[];
  flags: string[];
  not_in_file: string[];
  effective: Effective;
}

/** The configuration in force. The page shows it as it comes, and reads one key itself. */
export interface Effective {
  server: Record<string, Setting>;
  resource: Record<string, Setting>;
  queue: Record<string, Setting>;
  consumers: Record<string, Setting>;
  async: AsyncSettings;
  data: Record<string, Setting>;
  jobs: Record<string, Setting>;
  matches: Record<string, Setting>;
  rooms: Record<string, Setting>;
}

export interface AsyncSettings {
  max_in_flight: number;
}

export type Setting = string | number | boolean | string[] | Record<string, string | number>;

export interface ResourceState {
  in_use: number;
  peak_in_use: number;
  limit: number | null;
  waiting: number;
  refused: number;
  failed: number;
  calls: number;
  oldest_ms: number | null;
  frozen: boolean;
  frozen_ms: number | null;
}

export interface QueueState {
  depth: number;
  queued: number;
  at_gate: number;
  peak_depth: number;
  capacity: number;
  when_full: string;
  waiting: number;
  refused: number;
  dropped: number;
  growth: number;
  refusal_rate: number;
  drop_rate: number;
  oldest_ms: number | null;
  engine: 'memory' | 'disk' | 'jetstream';
  safety: 'memory' | 'process' | 'power_loss';
  leased: number;
  delayed: number;
  settling: number;
  dead: number;
  payload_bytes: number;
  file: string | null;
  book: Book | null;
  trouble: string | null;
}

/** The counts of a durable queue since it was created. */
export interface Book {
  accepted: number;
  done: number;
  failed: number;
  dropped: number;
  held: number;
}

export interface ConsumerState {
  concurrency: number;
  mode: string;
  busy: number;
  held: number;
  max_demand: number;
  min_demand: number;
  mean_service_ms: number;
  rate: number | null;
  cells: ConsumerCell[];
  ages: number[] | null;
}

export interface ConsumerCell {
  age_ms: number | null;
  held: number;
  at_door: boolean;
}

export interface Component {
  name: string;
  kind: 'producer' | 'producer-consumer' | 'consumer' | 'pool';
  state: 'running' | 'paused' | 'ending' | 'ended';
  restarts: number;
  events_in: number;
  events_out: number;
  asked: number;
  demand: number;
  buffered: number;
  held: number;
  busy_s: number;
  busy_share: number | null;
  source: string;
}

export interface LedgerState {
  accepted: number;
  recovered: number;
  shared: number;
  done: number;
  failed: number;
  dropped: number;
  held: number;
  rejected: number;
  unaccounted: number;
}

export interface Modes {
  serial: ModeState;
  async: ModeState;
  pipelined: ModeState;
}

export interface ModeState {
  arrived: number;
  requests: number;
  errors: number;
  refused: number;
  failed: number;
  dropped: number;
  aborted: number;
  in_flight: number;
  rate: number | null;
  arrival_rate: number;
  in_use: number;
  peak_in_use: number;
  http_ms: Summary;
  errors_ms: Summary;
  wait_ms: Summary;
  service_ms: Summary;
  response_ms: Summary;
  failed_ms: Summary;
}

export interface Summary {
  count: number;
  mean: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
}

export interface KeepingState {
  waiting: number;
  lost: number;
  error: string | null;
}

/** A quarter of a second of the bench. */
export interface Point {
  t: number;
  arrived: PerMode<number>;
  requests: PerMode<number>;
  finished: PerMode<number>;
  depth: number;
  in_use: number;
  busy: number;
  held: number;
  concurrency: number;
  wait_ms: PerMode<Pair | null>;
  response_ms: PerMode<Pair | null>;
  heat: Pair[];
}

export type Pair = [number, number];

/**
 * `GET /api/history`: a column per field of a point. Whole numbers are differences; the running sum of a
 * column gives the values.
 */
export interface History {
  interval_ms: number;
  t_ms: number[];
  arrived: PerMode<number[]>;
  requests: PerMode<number[]>;
  finished: PerMode<number[]>;
  depth: number[];
  in_use: number[];
  busy: number[];
  held: number[];
  concurrency: number[];
  wait_ms: PerMode<Percentiles>;
  response_ms: PerMode<Percentiles>;
  heat: number[][];
  marks: Mark[];
}

export interface Percentiles {
  p50: (number | null)[];
  p99: (number | null)[];
}

export interface Mark {
  t: number;
  kind: 'reload' | 'error' | 'reset' | 'pause' | 'purge' | 'restart' | 'jobs';
  text: string;
}

/** `GET /api/curves`. */
export interface Curves {
  percents: number[];
  modes: CurvesByMode;
}

export interface CurvesByMode {
  serial: ModeCurves;
  async: ModeCurves;
  pipelined: ModeCurves;
}

export interface ModeCurves {
  count: number;
  http_ms: number[];
  response_count: number;
  response_ms: number[];
}

/** What stands in the page when it is served. */
export interface Initial {
  snapshot: Snapshot;
  history: History;
}
