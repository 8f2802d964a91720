// @ts-check
// Whether an element is on the screen, so that the rest of the page costs the server nothing.

export class Sight {
  #isOnScreen = false;

  /**
   * @param {Element} node
   * @param {() => void} appeared
   */
  constructor(node, appeared) {
    new IntersectionObserver((entries) => {
      this.#isOnScreen = entries.at(-1)?.isIntersecting ?? false;
      if (this.#isOnScreen) appeared();
    }).observe(node);
  }

  /** Whether any of the element can be seen. */
  get clear() {
    return this.#isOnScreen && !document.hidden;
  }
}
