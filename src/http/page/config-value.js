// @ts-check
// Values of the configuration: as TOML from the server, and as text in a field.
//
// Responsible for: the text of a value without its quotes, and a field's text as TOML. The server decides
// whether the value is allowed.

/** @import { EditableKey } from './config.d.ts' */

// Anything else is sent as text, so that the server says what it expected.
const NUMBER = /^[+-]?(0|[1-9](_?\d)*)(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * The text of a value in a field.
 * @param {Pick<EditableKey, 'kind'>} key
 * @param {string} toml
 */
export function fieldText({ kind }, toml) {
  if (kind === 'list') return JSON.parse(toml).join(', ');
  return toml.startsWith('"') ? JSON.parse(toml) : toml;
}

/**
 * A field's text as TOML.
 * @param {Pick<EditableKey, 'kind'>} key
 * @param {string} text
 */
export function tomlOf({ kind }, text) {
  const typed = text.trim();
  if (kind === 'boolean') return typed;
  if (kind === 'integer' || kind === 'number') return NUMBER.test(typed) ? typed : JSON.stringify(typed);
  if (kind !== 'list') return JSON.stringify(typed);
  const items = typed.split(',').map((item) => item.trim());
  return `[${items
    .filter(Boolean)
    .map((item) => JSON.stringify(item))
    .join(', ')}]`;
}

/**
 * Changes as a text in TOML, one per line.
 * @param {{ name: string, toml: string }[]} changes
 */
export function change(changes) {
  return changes.map(({ name, toml }) => `${name} = ${toml}\n`).join('');
}
