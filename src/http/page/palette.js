// The colours of the page for canvases, which cannot read `light-dark()` themselves.
//
// Responsible for: one lookup a colour and theme. Which colours there are, style.css says.

/** Colours by variable name, resolved by the browser. */
export class Palette {
  #probe = document.body.appendChild(document.createElement('i'));
  #known = new Map();

  constructor() {
    this.#probe.hidden = true;
  }

  get(name) {
    if (!this.#known.has(name)) {
      this.#probe.style.color = `var(--${name})`;
      this.#known.set(name, getComputedStyle(this.#probe).color);
    }
    return this.#known.get(name);
  }

  forget() {
    this.#known.clear();
  }
}
