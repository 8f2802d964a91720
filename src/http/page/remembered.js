// @ts-check
// Settings of the viewer, kept in the browser.
//
// Responsible for: working without storage as well, which a browser may forbid.

export const remembered = {
  /**
   * @param {string} key
   * @returns {string | null}
   */
  get(key) {
    try {
      return localStorage.getItem(`weir.${key}`);
    } catch {
      return null;
    }
  },

  /**
   * @param {string} key
   * @param {string} value
   */
  set(key, value) {
    try {
      localStorage.setItem(`weir.${key}`, value);
    } catch {
      /* the choice holds until the page is loaded again */
    }
  },
};
