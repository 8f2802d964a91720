// The server's records of the matches lab.
//
// Responsible for: the fields and their JSON types. tests/page.rs holds this file against the server's answers, in
// both directions. Times are milliseconds unless the name says otherwise.

export type Behind = 'latest' | 'drop_oldest' | 'close' | 'wait';
export type Writer = 'shards' | 'task';

/** `GET /api/matches/ID`, and each record of the socket. */
export interface Match {
  at_ms: number;
  read_only: boolean;
  match: Play;
  verdict: MatchVerdict;
  now: MatchNow;
  machine: Machine | null;
  event: MatchEvent | null;
  past: number[];
  feed: FeedItem[];
  settings: Record<string, string | number>;
  ladder: Ladder;
  connections: Connections;
  writer: Writer;
  behind: Behind;
  ledger: DeliveryLedger;
  history: MatchHistory;
  marks: MatchMark[];
  nodes: MatchNodes | null;
}

/** The servers that share the match, as one of them sees it. */
export interface MatchNodes {
  me: string;
  home: string | null;
  epoch: number;
  away: string | null;
  late: number;
}

export interface Play {
  id: string;
  home: string;
  away: string;
  score: [number, number];
  minute: number;
  period: Period;
  stadium: string;
  visits: number;
  users: number;
  playing: boolean;
  rate: number;
  next: number;
}

export type Period = 'not begun' | 'first half' | 'half-time' | 'second half' | 'full time' | 'over';

export interface MatchVerdict {
  word: string;
  tone: 'ok' | 'warn' | 'bad' | 'calm';
  text: string;
}

export interface MatchNow {
  watchers: number;
  ws: number;
  sse: number;
  connects_s: number;
  art_ms: ArtTimes | null;
  rss_per_watcher: number | null;
  last_ms: number | null;
}

export interface ArtTimes {
  p50: number;
  p99: number;
}

/** The limits of the machine, measured with bare sockets when the server starts. */
export interface Machine {
  watchers: number;
  watchers_why: string;
  connects_s: number;
  art_ms: number;
  send_us: number;
  measured_ms: number;
}

/** The newest event. The curve has at most 200 quantiles of the watchers that have it so far. */
export interface MatchEvent {
  seq: number;
  kind: string;
  sent: number;
  reached: number;
  elapsed_ms: number;
  last_ms: number | null;
  order: 'shards' | 'tasks';
  curve: number[];
  shards: Shard[];
  behind: BehindOne[];
  stalled_ms: number;
}

export interface Shard {
  name: string;
  transport: 'ws' | 'sse';
  watchers: number;
  behind: number;
}

/** A watcher whose socket takes no more bytes. `place` counts all watchers from 0, in the order of the shards. */
export interface BehindOne {
  user: string;
  place: number;
  events: number;
  dropped: number;
  gap: [number, number] | null;
  for_ms: number;
}

export interface FeedItem {
  seq: number;
  kind: string;
  minute: number;
  text: string;
  last_ms: number | null;
}

export interface Ladder {
  at: number;
  rungs: Rung[];
}

export interface Rung {
  rung: number;
  name: string;
  key: string;
  settings: Record<string, string | number>;
  on: boolean;
  original: string;
  n: number | null;
  c: number | null;
  art_ms: number | null;
  last_ms: number | null;
  kb: number | null;
  run: string | null;
  effect: 'none' | 'better' | 'worse' | 'unmeasured';
  words: string;
}

export interface Connections {
  open: number;
  limit: number;
  refused: number;
  why: string | null;
}

export interface DeliveryLedger {
  sent: number;
  delivered: number;
  behind: number;
  dropped: number;
  closed: number;
  unaccounted: number;
}

/** The times are 0 where there was no newcomer, or no event. */
export interface MatchHistory {
  step_ms: number;
  from_ms: number;
  watchers: number[];
  connects_s: number[];
  art_p99_ms: number[];
  last_ms: number[];
}

export interface MatchMark {
  at_ms: number;
  kind: 'change' | 'crash' | 'fault';
  word: string;
}

/** `GET /api/matches`. */
export interface MatchList {
  matches: Listed[];
  settings: Record<string, string | number>;
  machine: Machine | null;
  ladder: Ladder;
  connections: Connections;
}

export interface Listed {
  id: string;
  home: string;
  away: string;
  score: [number, number];
  minute: number;
  period: Period;
  watchers: number;
  visits: number;
  playing: boolean;
}
