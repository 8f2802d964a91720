// @ts-check
// Whether this page may change something at the server, and the token that it sends then.
//
// Responsible for: where the token comes from (the page itself, or #token= in its address), the message
// where there is none, and hiding controls that the server would refuse. server.js sends the token.

import { remembered } from './remembered.js';

/** @import { Snapshot } from './snapshot.d.ts' */

/** @typedef {'token' | 'bring' | 'none'} How token: it is in the page; bring: in the address; none: read-only */

/** @type {Record<string, string>} */
const MESSAGES = {
  none: 'This server is read-only: nothing can be changed from here.',
  bring: 'To change something here, open the address that the server printed when it started: it ends in #token=…',
};

// The token is removed from the address, so that a copied address or a photograph does not give it away.
const BROUGHT = /^#token=([\w.~-]+)$/.exec(location.hash)?.[1];
if (BROUGHT) {
  remembered.set('token', BROUGHT);
  history.replaceState(history.state, '', location.pathname + location.search);
}

let { how, token } = written(document);

/**
 * Reads how a page may change something.
 * @param {Document} page
 * @returns {{ how: How, token: string }}
 */
function written(page) {
  const meta = page.querySelector('meta[name="weir-control"]');
  const how = /** @type {How} */ (meta?.getAttribute('content') || 'bring');
  const own = meta?.getAttribute('data-token') ?? '';
  return { how, token: how === 'bring' ? (BROUGHT ?? remembered.get('token') ?? '') : own };
}

/** Whether this page cannot change anything. */
export function isOff() {
  return how === 'none' || !token;
}

/** Why this page cannot change anything; empty if it can. */
export function whyOff() {
  return isOff() ? (MESSAGES[how] ?? MESSAGES.bring) : '';
}

/**
 * The headers of a request that changes something.
 * @returns {Record<string, string>}
 */
export function credentials() {
  return token ? { 'Weir-Token': token } : {};
}

/** Reads the page again from the server, which may have been restarted. Returns whether anything differs. */
export async function renew() {
  const page = await fetch(location.pathname, { cache: 'no-store', signal: AbortSignal.timeout(4000) }).then(
    (answer) => answer.text(),
    () => '',
  );
  if (!page) return false;
  const now = written(new DOMParser().parseFromString(page, 'text/html'));
  const differs = now.how !== how || now.token !== token;
  ({ how, token } = now);
  show();
  return differs;
}

/**
 * Takes over whether the server is read-only.
 * @param {Pick<Snapshot, 'read_only'>} snapshot of the bench, or of a lab
 */
export function follow({ read_only: readOnly }) {
  if (readOnly === (how === 'none')) return;
  how = readOnly ? 'none' : 'bring'; // until the page has been read again
  show();
  if (!readOnly) renew();
}

function show() {
  const off = isOff();
  document.documentElement.dataset.control = off ? 'off' : 'on';
  const message = document.querySelector('#control');
  if (message instanceof HTMLElement) {
    message.hidden = !off;
    message.textContent = whyOff();
  }
  for (const input of document.querySelectorAll('.stepper input')) {
    if (input instanceof HTMLInputElement) input.readOnly = off;
  }
}

show();
