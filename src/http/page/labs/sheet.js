// @ts-check
// The side sheet: a detail view that covers the sheet with the participant's jobs and the code.
//
// Responsible for: opening and closing it, the Escape key, and where the focus is. The caller provides its content.

export class SideSheet {
  /** The name of the content; empty while the sheet is closed. */
  of = '';
  /** @type {Element | null} what had the focus before */
  #before = null;
  /** Called when it is closed. @type {() => void} */
  #closed = () => {};

  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    document.addEventListener('keydown', (event) => {
      const isForPopover = document.querySelector(':popover-open');
      if (event.key === 'Escape' && this.of && !isForPopover) this.close();
    });
  }

  /**
   * @param {string} of a name of what is shown; its first word is for the style sheet
   * @param {string} label
   * @param {Node[]} content
   * @param {() => void} [closed]
   */
  open(of, label, content, closed = () => {}) {
    if (!this.of) this.#before = document.activeElement;
    else if (this.of !== of) this.#closed();
    this.of = of;
    this.#closed = closed;
    this.box.replaceChildren(...content);
    this.box.dataset.of = of.split(' ', 1)[0];
    this.box.setAttribute('aria-label', label);
    this.box.hidden = false;
    this.box.focus({ preventScroll: true });
  }

  close() {
    if (!this.of) return;
    this.of = '';
    this.box.hidden = true;
    this.box.replaceChildren();
    this.#closed();
    if (this.#before instanceof HTMLElement && this.#before.isConnected) this.#before.focus();
  }
}
