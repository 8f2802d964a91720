// Settings of the viewer.
//
// Responsible for: keeping them in the browser. Storage may be forbidden; the pages then forget, and work.

export const remembered = {
  get(key) {
    try {
      return localStorage.getItem(`weir.${key}`);
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(`weir.${key}`, value);
    } catch {
      /* forgotten on reload, that is all */
    }
  },
};
