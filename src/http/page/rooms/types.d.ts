// The server's records of the rooms lab.
//
// Responsible for: the fields and their JSON types. tests/page.rs holds this file against the server's answers, in
// both directions. Times are milliseconds unless the name says otherwise.

export type Backup = 'before' | 'after' | 'none';
export type PhaseName = 'lobby' | 'night' | 'day' | 'over';
export type RoomState = 'up' | 'idle' | 'restarting';
export type PartName = 'room' | 'backup' | 'history' | 'both';

/** `GET /api/rooms`, and each record of the socket. `rooms` is empty where `columns` says the same of many rooms. */
export interface Rooms {
  at_ms: number;
  read_only: boolean;
  backup: Backup;
  backup_every_ms: number;
  registry: string;
  idle_stop_s: number;
  snapshot_every: number;
  now: RoomsNow;
  rooms: RoomLine[];
  columns?: RoomColumns;
  elsewhere: Elsewhere;
  open?: Open;
  tree: TreeNode[];
  ledger: MoveLedger;
  history: RoomsHistory;
  marks: RoomMark[];
  verdict: RoomsVerdict;
}

export interface RoomsNow {
  rooms: number;
  up: number;
  idle: number;
  restarting: number;
  playing: number;
  moves_s: number;
  ack_us: AckTimes | null;
  kills: number;
  watchers: number;
  dead: number;
}

/** Microseconds from the arrival of a move at the house to its acknowledgement. */
export interface AckTimes {
  p50: number;
  p99: number;
}

export interface RoomLine {
  name: string;
  phase: PhaseName;
  day: number;
  alive: number;
  players: number;
  life: number;
  n: number;
  state: RoomState;
  lost: number;
  killed_ms: number | null;
}

/** One entry a room in each column. A phase is its first letter. */
export interface RoomColumns {
  name: string[];
  phase: string[];
  n: number[];
  life: number[];
  state: string[];
  killed_ms: (number | null)[];
  lost: number[];
}

/** The rooms of other nodes: how many, and the first 200. */
export interface Elsewhere {
  count: number;
  first: FarRoom[];
}

export interface FarRoom {
  name: string;
  node: string;
  url: string;
  generation: number;
}

/** The room that the page has opened. */
export interface Open {
  name: string;
  generation: number;
  life: number;
  n: number;
  state: RoomState;
  status: Status;
  seat: SeatView | null;
  log: LogLine[];
  thread: ThreadUpdate[];
  kill: LastKill | null;
  told: Told[];
}

export interface Status {
  phase: PhaseName;
  day: number;
  players: Player[];
  winner: Winner | null;
  log: string[];
}

export type Winner = 'village' | 'werewolves';
export type Role = 'villager' | 'werewolf';

/** `role` is missing where the viewer may not know it, and `voted` at night and before a vote. */
export interface Player {
  name: string;
  alive: boolean;
  role?: Role;
  voted?: string;
}

/** What one player may know. */
export interface SeatView {
  phase: PhaseName;
  day: number;
  players: Player[];
  winner: Winner | null;
  log: string[];
  you: string;
  role: Role | null;
  may: May | null;
  chosen: string | null;
  speaks: boolean;
}

/** The move that the game waits for. */
export interface May {
  move: 'join' | 'start' | 'choose' | 'vote';
  targets: string[];
}

/** A line of the room's log, newest first. */
export interface LogLine {
  life: number;
  n: number;
  text: string;
  lost?: boolean;
}

/** One update of the room, and the processes that have it. */
export interface ThreadUpdate {
  life: number;
  n: number;
  ack: boolean;
  room: boolean;
  backup: boolean;
  history: boolean;
}

/** The last kill. `life` is the life that began after it. */
export interface LastKill {
  what: PartName;
  by_hand: boolean;
  ago_ms: number;
  acked: number;
  backed: number | null;
  lost: [number, number] | null;
  lost_updates: number;
  down_ms: number;
  life: number;
}

/** A watcher, its position, and what it was told last. */
export interface Told {
  who: string;
  how: string;
  life: number;
  n: number;
  word: 'current' | 'resumed' | 'gap';
  from: number | null;
  to: number | null;
}

export interface TreeNode {
  name: string;
  kind: 'supervisor' | 'process';
  of: string | null;
  says?: string;
  life?: number;
  n?: number;
  restarts?: number;
}

export interface MoveLedger {
  acknowledged: number;
  unanswered: number;
  in_state: number;
  lost: number;
  unaccounted: number;
}

export interface RoomsHistory {
  step_ms: number;
  from_ms: number;
  moves_s: number[];
  ack_p99_us: number[];
  kills: number[];
}

export interface RoomMark {
  at_ms: number;
  says: string;
}

export interface RoomsVerdict {
  word: string;
  tone: string;
  says: string;
}

/** `GET /api/rooms/dead`: moves that panicked in each attempt, the newest first. */
export interface DeadLetters {
  dead: DeadLetter[];
}

export interface DeadLetter {
  ago_ms: number;
  room: string;
  command: string;
  panic: string;
  attempts: number;
}

/** `GET /api/rooms/NAME/history`. */
export interface RoomHistory {
  entries: Past[];
}

export interface Past {
  kind: 'update' | 'gap' | 'resumed';
  life: number;
  n?: number;
  text?: string;
  from?: number;
  to?: number;
}

/** `POST /api/rooms/NAME/kill`: the repair. */
export interface KillReport {
  name: string;
  what: PartName;
  life: number;
  n: number;
  lost: number;
  from: number | null;
  to: number | null;
  acked: number;
  backed: number | null;
  down_ms: number;
}
