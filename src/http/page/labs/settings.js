// @ts-check
// Settings of a lab as lines of its configuration.
//
// Responsible for: changing them until the next edit of the server's file. The server checks and applies them.

import { order } from '../server.js';

/** @typedef {Record<string, string | number>} Settings */

/**
 * Settings as TOML, a line each.
 * @param {string} lab the section of the configuration
 * @param {Settings} settings
 */
export function tomlOf(lab, settings) {
  const value = (/** @type {string | number} */ one) => (typeof one === 'number' ? String(one) : JSON.stringify(one));
  return Object.entries(settings)
    .map(([key, one]) => `${lab}.${key} = ${value(one)}`)
    .join('\n');
}

/**
 * Changes the configuration of the server until the next edit of its file.
 * @param {string} lab
 * @param {Settings} settings
 */
export async function set(lab, settings) {
  await order('api/config', { toml: tomlOf(lab, settings) });
}
