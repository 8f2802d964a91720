// @ts-check
// The live stream: one for all tabs of a browser, and none while no tab is visible.
//
// Responsible for: where snapshots come from. A browser opens six connections to a server, so with a
// stream for each tab the seventh would not load. A shared worker (live-worker.js) has the one stream and
// hands it on; where there are no shared workers, each visible tab has its own.

const RETRY_MS = 2000;
const SILENT_MS = 3000; // frames come ten times a second; a connection without them is dead
const HERE_MS = 5000; // how often a visible tab says so to the worker
const PATIENCE_MS = 3000; // a worker that has said nothing by then never will

/** @typedef {'opened' | 'frame' | 'lost'} What */
/** @typedef {(what: What, text?: string) => void} Hear called with "opened", "frame" and its text, or "lost" */

/**
 * Follows the event stream at `url`, and connects again when it breaks off or falls silent.
 * @param {string} url
 * @param {Hear} hear
 * @returns {() => void} ends it
 */
export function follow(url, hear) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let retry;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silence;
  let source = open();
  function open() {
    const opened = new EventSource(url);
    opened.onopen = () => hear('opened');
    opened.onmessage = (event) => {
      expect();
      hear('frame', event.data);
    };
    opened.onerror = () => {
      hear('lost');
      // Browsers retry a dropped stream by themselves, and give up on one that was refused.
      if (opened.readyState === EventSource.CLOSED) again(RETRY_MS);
    };
    expect();
    return opened;
  }
  /** Gives the stream up if the next frame does not come. */
  function expect() {
    clearTimeout(silence);
    silence = setTimeout(() => {
      hear('lost');
      again(0);
    }, SILENT_MS);
  }
  /** @param {number} ms */
  function again(ms) {
    end();
    retry = setTimeout(() => {
      source = open();
    }, ms);
  }
  function end() {
    clearTimeout(retry);
    clearTimeout(silence);
    source.close();
  }
  return end;
}

/**
 * The live stream of this tab, which pauses while the tab is hidden.
 * @param {Hear} hear
 */
export function listen(hear) {
  if (!globalThis.SharedWorker) return alone(hear);
  /** @type {SharedWorker | null} */
  let worker = null;
  const giveUp = () => {
    clearTimeout(deaf);
    clearInterval(here);
    document.removeEventListener('visibilitychange', tell);
    removeEventListener('pagehide', leave);
    removeEventListener('pageshow', tell);
    worker?.port.close();
    alone(hear);
  };
  /** @param {'visible' | 'hidden' | 'gone'} what */
  const say = (what) => worker?.port.postMessage(what);
  const tell = () => say(document.hidden ? 'hidden' : 'visible');
  const leave = () => say('gone');
  const here = setInterval(() => document.hidden || tell(), HERE_MS);
  const deaf = setTimeout(giveUp, PATIENCE_MS);
  document.addEventListener('visibilitychange', tell);
  addEventListener('pagehide', leave);
  addEventListener('pageshow', tell);
  try {
    worker = new SharedWorker('page/live-worker.js', { type: 'module', name: 'weir-stream' });
  } catch {
    return giveUp();
  }
  worker.onerror = giveUp;
  worker.port.onmessage = ({ data: [what, text] }) => {
    clearTimeout(deaf);
    if (what !== 'here') hear(what, text);
  };
  tell();
}

/** @param {Hear} hear */
function alone(hear) {
  /** @type {(() => void) | null} */
  let end = null;
  const turn = () => {
    if (!document.hidden) end ??= follow('api/live', hear);
    else {
      end?.();
      end = null;
    }
  };
  document.addEventListener('visibilitychange', turn);
  turn();
}
