// What the page adds to the browser's types.

interface HTMLElement {
  /** A line below the definition of an element's term (glossary.js), made when it is pointed at. */
  detail?: () => string;
}
