// @ts-check
// Drawings of SVG elements in the pixels of their place.
//
// Responsible for: their size, and for drawing again only when something differs. Colours come from the style sheet,
// by class, because the page's policy allows no inline style.

const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {{ width: number, rem: number }} Sheet */

/**
 * An SVG element with attributes.
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {...(Node | string)} children
 */
export function shape(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/** @template M what is drawn; it has to be plain data */
export class Drawing {
  svg = /** @type {SVGSVGElement} */ (shape('svg', { role: 'img' }));
  /** @type {M | null} */
  #model = null;
  #drawn = '';

  /**
   * @param {HTMLElement} place
   * @param {(model: M, sheet: Sheet) => { height: number, label: string, shapes: Node[] }} draw
   */
  constructor(place, draw) {
    this.place = place;
    this.draw = draw;
    place.append(this.svg);
    new ResizeObserver(() => this.#redraw()).observe(place);
    addEventListener('resize', () => this.#redraw());
  }

  /** @param {M} model */
  show(model) {
    this.#model = model;
    this.#redraw();
  }

  #redraw() {
    const width = this.place.clientWidth;
    if (width === 0 || this.#model === null) return;
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const key = JSON.stringify([width, rem, this.#model]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    const { height, label, shapes } = this.draw(this.#model, { width, rem });
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.svg.setAttribute('width', String(width));
    this.svg.setAttribute('height', String(height));
    this.svg.setAttribute('aria-label', label);
    this.svg.replaceChildren(...shapes);
  }
}
