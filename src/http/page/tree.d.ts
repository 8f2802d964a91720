// The answer of /api/components: the supervisor of the pipelined mode, its stages and their workers; and the labs.
// tests/page.rs holds these types against the server.

import type { LedgerState } from './snapshot.d.ts';

export interface ComponentTree {
  uptime_s: number;
  mean_service_ms: number;
  ledger: LedgerState;
  supervisor: SupervisorNode;
  labs: LabNode[];
}

/** A lab. Its name is also that of its page. */
export interface LabNode {
  name: string;
  parts: LabPart[];
}

export interface LabPart {
  name: string;
  state: 'running' | 'idle' | 'lost';
  says: string;
}

export interface SupervisorNode {
  name: string;
  strategy: string;
  state: 'running' | 'ended';
  max_restarts: number;
  period_s: number;
  stages: StageNode[];
}

export interface StageNode {
  name: string;
  kind: 'producer' | 'producer-consumer' | 'consumer' | 'pool';
  state: StageState;
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
  since_s: number | null;
  paused: boolean;
  last_end: string | null;
  workers: WorkerNode[];
  rest: RestOfWorkers | null;
}

export type StageState = 'running' | 'paused' | 'ending' | 'ended' | 'restarting' | 'stopping';

export interface WorkerNode {
  id: number;
  event: number | null;
  age_ms: number | null;
  at_door: boolean;
  held: number;
  prefetched: number[];
}

export interface RestOfWorkers {
  workers: number;
  busy: number;
  held: number;
}

/** The answer to an order: what it cost, in events. */
export interface OrderReport {
  component: string;
  worker: number | null;
  order: 'kill' | 'restart';
  failed: number;
  requeued: number;
  took_ms: number;
  said: string;
}
