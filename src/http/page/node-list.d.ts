// The server's answer about the nodes: the servers that know each other.
//
// Responsible for: the fields and their JSON types. tests/page compares this file with the server's answers.

/** `GET /api/nodes`. */
export interface NodesReport {
  nodes: NodeRow[];
  sum: NodeLedger;
  engine: NodeQueue;
  /** Why the list may be incomplete; null if it is complete. */
  trouble: string | null;
}

/** The queue of the node that answers: the counts of all its lives, if they are kept, and of its events now. */
export interface NodeQueue {
  book: Record<string, number> | null;
  depth: Record<string, number>;
}

export interface NodeRow {
  name: string;
  url: string;
  version: string;
  since_s: number;
  seen_ms: number;
  ledger: NodeLedger;
  me: boolean;
}

export interface NodeLedger {
  accepted: number;
  recovered: number;
  done: number;
  failed: number;
  dropped: number;
  held: number;
  /** Events that the node has put into a queue that nodes share, minus those that it has taken out. */
  shared: number;
}
