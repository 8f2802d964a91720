// What the server says of the queue's dead letters.
//
// Responsible for: the fields and their JSON types. tests/page holds this file against the server's answers, in
// both directions.

/** `GET /api/queue/dead`. */
export interface DeadList {
  letters: DeadLetter[];
  /** All dead letters. */
  dead: number;
}

export interface DeadLetter {
  /** The number that the event had when it was accepted. */
  id: number;
  tries: number;
  why: string;
  bytes: number;
  /** The beginning of the payload, if it is text. */
  payload: string | null;
  /** The beginning of the payload, if it is not. */
  base64?: string;
}
