// The shared worker: the one live stream of all tabs of a browser.
//
// Responsible for: keeping the stream open while a tab can be seen, and handing each frame to those that
// can. A tab says "seen", "hidden" or "gone"; one that has crashed says nothing, and is forgotten.

import { follow } from './stream.js';

const FORGET_MS = 15000; // tabs that can be seen say so every 5 s
const LIVE = new URL('../api/live', self.location.href).href;

const seen = new Map(); // port to when it last said so
let end = null; // what ends the stream, while there is one
let state = null; // "opened" or "lost"
let newest = null; // the newest frame

function hear(what, text) {
  if (what === 'frame') newest = text;
  else state = what;
  for (const port of seen.keys()) port.postMessage([what, text]);
}

function appear(port) {
  const isNew = !seen.has(port);
  seen.set(port, Date.now());
  if (!end) end = follow(LIVE, hear);
  else if (isNew && state === 'lost') port.postMessage(['lost']);
  else if (isNew && newest !== null) port.postMessage(['frame', newest]);
}

function vanish(port) {
  seen.delete(port);
  if (seen.size > 0 || !end) return;
  end();
  end = state = newest = null;
}

self.addEventListener('connect', ({ ports: [port] }) => {
  port.onmessage = ({ data }) => (data === 'seen' ? appear(port) : vanish(port));
  port.postMessage(['here']);
});

setInterval(() => {
  for (const [port, said] of seen) if (Date.now() - said > FORGET_MS) vanish(port);
}, FORGET_MS / 3);
