// Whether this page may change something at the server, and the token that it sends then.
//
// Responsible for: where the token comes from (the page itself, or what stands behind #token= in its
// address), what is said where there is none, and hiding what would only be refused. server.js sends it.

import { remembered } from './remembered.js';

const SAYINGS = {
  none: 'This server is read-only: nothing can be changed from here.',
  bring:
    'To change something here, open this page by the address that the server printed at its start: it ends in #token=…',
};

// A token in the address is taken out of it: what is copied or photographed from there stays harmless.
const BROUGHT = /^#token=([\w.~-]+)$/.exec(location.hash)?.[1];
if (BROUGHT) {
  remembered.set('token', BROUGHT);
  history.replaceState(history.state, '', location.pathname + location.search);
}

let { how, token } = written(document);

/** What a page says of how it may change something: `token`, `bring` or `none`. */
function written(page) {
  const meta = page.querySelector('meta[name="weir-control"]');
  const told = meta?.content || 'bring';
  return { how: told, token: told === 'bring' ? (BROUGHT ?? remembered.get('token') ?? '') : meta.dataset.token };
}

/** Whether what changes something makes sense here. */
export function isOff() {
  return how === 'none' || !token;
}

/** The headers of what changes something. */
export function credentials() {
  return token ? { 'Weir-Token': token } : {};
}

/** Asks the server again, which may have been started anew. Whether that has changed anything. */
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

/** Takes over what a snapshot says. */
export function follow({ read_only: readOnly = false }) {
  if (readOnly === (how === 'none')) return;
  if (readOnly) how = 'none';
  else how = 'bring'; // until the server has said more
  show();
  if (!readOnly) renew();
}

function show() {
  const off = isOff();
  document.documentElement.dataset.control = off ? 'off' : 'on';
  const said = document.querySelector('#control');
  if (said) {
    said.hidden = !off;
    said.textContent = off ? (SAYINGS[how] ?? SAYINGS.bring) : '';
  }
  for (const input of document.querySelectorAll('.stepper input')) input.readOnly = off;
}

show();
