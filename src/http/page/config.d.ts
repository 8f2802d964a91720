// The server's answers about the configuration, for an editor, and about a change.
//
// Responsible for: the fields and their JSON types. tests/page.rs holds this file against the server's
// answers, in both directions.

/** `GET /api/config`. */
export interface Editable {
  generation: number;
  file: string | null;
  exists: boolean;
  error: string | null;
  keys: EditableKey[];
}

/** A key with its values, each as TOML. */
export interface EditableKey {
  name: string;
  kind: 'integer' | 'number' | 'duration' | 'boolean' | 'choice' | 'text' | 'list';
  min?: number;
  max?: number;
  words?: string[];
  allowed: string;
  default: string;
  about: string;
  restart: boolean;
  value: string;
  in_file: string;
  flag: boolean;
}

/** `GET /api/config/check`. */
export interface Checked {
  changes: Difference[];
  problems: Found[];
}

export interface Difference {
  key: string;
  from: string;
  to: string;
  restart: boolean;
}

export interface Found {
  line: number | null;
  column: number | null;
  message: string;
}

/** `POST /api/config`. */
export interface Made {
  changes: Change[];
  written: string | null;
  not_in_file: string[];
}

export interface Change {
  key: string;
  from: string;
  to: string;
}
