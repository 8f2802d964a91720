// The server's records of the jobs lab.
//
// Responsible for: the fields and their JSON types. tests/page.rs holds this file against the server's answers, in
// both directions. Whole numbers of 64 bits are strings.

export type Isolation = 'task' | 'thread' | 'fuel';

/** `GET /api/jobs`, and each record of the socket. */
export interface Jobs {
  at_ms: number;
  isolation: Isolation;
  read_only: boolean;
  slice: Slice;
  settings: JobSettings;
  load: JobLoad;
  verdict: JobVerdict;
  now: Now;
  cores: Core[];
  top: Job[];
  others: Others;
  code: CodeState;
  rehearsal: Rehearsal | null;
  names: JobName[];
  ledger: JobLedger;
  history: JobHistory;
  marks: JobMark[];
}

export interface Slice {
  reductions: number;
  us: number | null;
}

export interface JobSettings {
  threads: number;
  max_reductions: number;
  max_memory: number;
  keep_inputs: number;
}

export interface JobLoad {
  workers: number;
  rate: number;
  target: number;
  fail_share: number;
}

export interface JobVerdict {
  word: string;
  tone: 'ok' | 'warn' | 'bad' | 'calm';
  text: string;
}

/** Percentiles of the last second. */
export interface Percentiles {
  p50: number;
  p99: number;
}

export interface Now {
  rate: number;
  cpu: number;
  lateness_ms: Percentiles | null;
  yours_ms: Percentiles | null;
  stalled_ms: number;
  late: number;
  restarts: number;
}

/** A turn on a core: start and length in µs, and the job; 0 is ordinary work. */
export type Turn = [number, number, number];

export interface Core {
  share: number;
  lost: boolean;
  window_us: number;
  turns: Turn[];
}

export interface Job {
  id: number;
  input: string;
  by: 'you' | 'load' | 'resource';
  version: number;
  core: number;
  reductions_s: number | null;
  slices: number;
  longest_us: number;
  age_ms: number;
  isolation: Isolation;
  kill: 'asked' | 'no_effect' | null;
}

export interface Others {
  count: number;
  core: number;
  reductions_s: number;
  longest_us: number;
  late: number;
}

export interface CodeState {
  file: string;
  version: number;
  running: Record<string, number>;
  history: number[];
  swap: Swap | null;
  problem: string | null;
  built_in: boolean;
}

/** A change of the version that new jobs run. */
export interface Swap {
  at_ms: number;
  from: number;
  to: number;
  took_ns: number;
}

export interface Rehearsal {
  file: string;
  version: number;
  inputs: number;
  same: number;
  broken: number;
  skipped: number;
  took_ms: number;
  refused: string | null;
  changed: number;
  differences: Difference[];
  faster: Difference[];
}

export interface Difference {
  input: string;
  old: string;
  new: string;
  count: number;
  old_reductions: number;
  new_reductions: number;
}

/** A name, with the node that owns it. */
export interface JobName {
  name: string;
  node: string;
  url: string;
  generation: number;
  here: boolean;
  /** The calls since this node owns it; null for a name of another node. */
  calls: number | null;
}

export interface JobLedger {
  accepted: number;
  done: number;
  failed: number;
  killed: number;
  running: number;
  refused: number;
}

export interface JobHistory {
  step_ms: number;
  from_ms: number;
  rate: (number | null)[];
  core: (number | null)[];
  p99_us: (number | null)[];
}

export interface JobMark {
  at_ms: number;
  kind: string;
  word: string;
}

/** The socket's answer on a job that this page submitted. */
export interface Answer {
  ref: number;
  id: number | null;
  input: string;
  state: 'running' | 'done' | 'failed' | 'killed' | 'invalid' | 'refused';
  result: string | null;
  took_ms: number | null;
  told_ms: number | null;
  why: string | null;
  stack: string[];
}

/** `GET /api/jobs/ID`. */
export interface Inspection {
  id: number;
  input: string;
  version: number;
  stack: string[];
  taken_at_slice: number;
  trace: Trace | null;
}

export interface Trace {
  calls: string[][];
  asked: number;
  took_ms: number;
  ended: 'calls' | 'time' | 'job';
}

/** `GET /api/jobs/code`. */
export interface CodeText {
  version: number;
  text: string;
  file_text: string | null;
  file: string;
}
