// The live stream: one for all tabs of a browser, and none while no tab can be seen.
//
// Responsible for: where snapshots come from. A browser opens six connections to a server, so with a
// stream for each tab the seventh would not load. A shared worker (live-worker.js) has the one stream and
// hands it on; where there are no shared workers, a tab has its own while it can be seen.

const RETRY_MS = 2000;
const HERE_MS = 5000; // how often a tab that can be seen says so to the worker
const PATIENCE_MS = 3000; // a worker that has said nothing by then will not

/**
 * Follows the event stream at `url`, also when it breaks off. `hear` is told "opened", "frame" with its
 * text, and "lost". Returns what ends it.
 */
export function follow(url, hear) {
  let source = null;
  let retry = null;
  const open = () => {
    source = new EventSource(url);
    source.onopen = () => hear('opened');
    source.onmessage = (event) => hear('frame', event.data);
    source.onerror = () => {
      hear('lost');
      // Browsers retry a dropped stream by themselves, and give up on one that was refused.
      if (source.readyState === EventSource.CLOSED) retry = setTimeout(open, RETRY_MS);
    };
  };
  open();
  return () => {
    clearTimeout(retry);
    source.close();
  };
}

/** The live stream of this tab, which pauses while the tab is hidden. `hear` is told as by `follow`. */
export function listen(hear) {
  if (!globalThis.SharedWorker) return alone(hear);
  let worker = null;
  let deaf = null;
  const giveUp = () => {
    clearTimeout(deaf);
    clearInterval(here);
    document.removeEventListener('visibilitychange', tell);
    removeEventListener('pagehide', leave);
    removeEventListener('pageshow', tell);
    worker?.port.close();
    alone(hear);
  };
  const say = (what) => worker?.port.postMessage(what);
  const tell = () => say(document.hidden ? 'hidden' : 'seen');
  const leave = () => say('gone');
  const here = setInterval(() => document.hidden || tell(), HERE_MS);
  deaf = setTimeout(giveUp, PATIENCE_MS);
  document.addEventListener('visibilitychange', tell);
  addEventListener('pagehide', leave);
  addEventListener('pageshow', tell);
  try {
    worker = new SharedWorker('page/live-worker.js', { type: 'module', name: 'weir-live' });
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

function alone(hear) {
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
