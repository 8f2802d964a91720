// The server's answers about dead letters.
//
// Responsible for: the fields and their JSON types. tests/page compares this file with the server's answers, in
// both directions.

/** `GET /api/queue/dead`. */
export interface DeadList {
  letters: DeadLetter[];
  /** The number of all dead letters. */
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
  /** The beginning of the payload in base64, if it is not text. */
  base64?: string;
}
