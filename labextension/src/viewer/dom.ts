/** Elements of a page. */

type Attributes = Record<string, string | number>;

const SVG = 'http://www.w3.org/2000/svg';

/** An element of HTML. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  return filled(document.createElement(tag), attributes, children);
}

/** An element of a picture. */
export function draw<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled<E extends Element>(element: E, attributes: Attributes, children: (Node | string)[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

export function button(id: string, label: string, sign: string): HTMLButtonElement {
  const attributes = { type: 'button', class: 'knt-button', 'data-testid': id, 'aria-label': label };
  return make('button', { ...attributes, title: label }, sign);
}

/** Radio buttons, of which each has a value, a label and an id for tests. */
export interface IChoices {
  set: HTMLFieldSetElement;
  inputs: HTMLInputElement[];
}

export function choices(
  name: string,
  legend: string,
  options: [value: string, label: string, id: string][]
): IChoices {
  const inputs = options.map(([value, , id]) =>
    make('input', { type: 'radio', name, value, 'data-testid': id })
  );
  const labels = options.map(([, label], k) =>
    make('label', { class: 'knt-choice' }, inputs[k], make('span', {}, label))
  );
  return { set: make('fieldset', { class: 'knt-choices' }, make('legend', {}, legend), ...labels), inputs };
}

export function labelled(label: string, control: HTMLElement): HTMLLabelElement {
  return make('label', { class: 'knt-field' }, make('span', {}, label), control);
}

/** A table, its columns' widths in em, if they have one. A row with one cell goes over all columns. */
export function table(
  caption: string,
  columns: string[],
  widths: number[],
  rows: (Node | string)[][]
): HTMLTableElement {
  const sizes = columns.map((_, k) => make('col', widths[k] ? { style: `width: ${widths[k]}em` } : {}));
  const head = make('tr', {}, ...columns.map(name => make('th', { scope: 'col' }, name)));
  const body = rows.map(cells => {
    const colspan = cells.length > 1 ? 1 : columns.length;
    return make('tr', {}, ...cells.map(cell => make('td', { colspan }, cell)));
  });
  return make(
    'table',
    { class: 'knt-table' },
    make('caption', {}, caption),
    make('colgroup', {}, ...sizes),
    make('thead', {}, head),
    make('tbody', {}, ...body)
  );
}
