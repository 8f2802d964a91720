// @ts-check
// The shared worker: the one live stream of all tabs of a browser.
//
// Responsible for: keeping the stream open while a tab is visible, and handing each frame to the visible
// tabs. A tab says "visible", "hidden" or "gone"; one that has crashed says nothing, and is forgotten.

import { follow } from './stream.js';

/** @import { Hear } from './stream.js' */

const FORGET_MS = 15000; // visible tabs say so every 5 s
const LIVE = new URL('../api/live', self.location.href).href;

/** @type {Map<MessagePort, number>} when each visible tab last said so */
const visible = new Map();
/** @type {(() => void) | null} ends the stream, while there is one */
let end = null;
let isLost = false;
/** @type {string | null} the newest frame */
let newest = null;

/** @type {Hear} */
function hear(what, text) {
  if (what === 'frame') newest = text ?? null;
  else isLost = what === 'lost';
  for (const port of visible.keys()) port.postMessage([what, text]);
}

/** @param {MessagePort} port */
function appear(port) {
  const isNew = !visible.has(port);
  visible.set(port, Date.now());
  if (!end) end = follow(LIVE, hear);
  else if (isNew && isLost) port.postMessage(['lost']);
  else if (isNew && newest !== null) port.postMessage(['frame', newest]);
}

/** @param {MessagePort} port */
function vanish(port) {
  visible.delete(port);
  if (visible.size > 0 || !end) return;
  end();
  end = null;
  isLost = false;
  newest = null;
}

self.addEventListener('connect', (event) => {
  const [port] = /** @type {MessageEvent} */ (event).ports;
  port.onmessage = ({ data }) => (data === 'visible' ? appear(port) : vanish(port));
  port.postMessage(['here']);
});

setInterval(() => {
  for (const [port, said] of visible) if (Date.now() - said > FORGET_MS) vanish(port);
}, FORGET_MS / 3);
