// @ts-check
// Elements: making them, finding them, and writing into them.
//
// Responsible for: text that stays text, and for writing only what differs. Ten snapshots a second must
// not cost ten layouts.

/**
 * An element with a class and children; strings become text, never markup.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {string} className
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/**
 * A table's head cell. `term` names the glossary's entry for it.
 * @param {string} text
 * @param {string} scope
 * @param {string} [term]
 */
export function head(text, scope, term) {
  const cell = element('th', '', text);
  cell.scope = scope;
  if (term) cell.dataset.term = term;
  return cell;
}

/**
 * The element that a selector names. The page's skeleton has it, or the page is broken.
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function find(root, selector) {
  return findAs(HTMLElement, root, selector);
}

/**
 * The same, of a kind.
 * @template {HTMLElement} T
 * @param {new () => T} kind
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {T}
 */
export function findAs(kind, root, selector) {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`The page has no ${kind.name} at ${selector}.`);
  return found;
}

/**
 * All elements that a selector names.
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement[]}
 */
export function findAll(root, selector) {
  return [...root.querySelectorAll(selector)].filter((node) => node instanceof HTMLElement);
}

/**
 * Replaces an element's text, if it differs.
 * @param {Node} node
 * @param {string} text
 */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
