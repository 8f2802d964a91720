// @ts-check
// The keys of the page. The list behind `?` says the same (index.html).
//
// Responsible for: when a key is for the page, and not for a field, a button or the browser.

/**
 * Calls the action of a key.
 * @param {Record<string, () => void>} actions by key
 */
export function listenForKeys(actions) {
  addEventListener('keydown', (event) => {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey || event.repeat) return;
    if (!(target instanceof Element) || target.closest('input, select, textarea')) return;
    if (key === ' ' && target.closest('button, a, summary')) return; // that presses it
    const action = actions[key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
