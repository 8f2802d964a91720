// @ts-check
// The colours of the page for canvases, which cannot read `light-dark()` themselves.
//
// Responsible for: one lookup per colour and theme. The colours are in style.css.

/** Colours by variable name, resolved by the browser. */
export class Palette {
  #probe = document.body.appendChild(document.createElement('i'));
  /** @type {Map<string, string>} */
  #known = new Map();

  constructor() {
    this.#probe.hidden = true;
  }

  /** @param {string} name */
  get(name) {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    this.#probe.style.color = `var(--${name})`;
    const { color } = getComputedStyle(this.#probe);
    this.#known.set(name, color);
    return color;
  }

  /** Looks every colour up again: the theme has changed. */
  forget() {
    this.#known.clear();
  }
}
