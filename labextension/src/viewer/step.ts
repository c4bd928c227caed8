import { make, table } from './dom';
import { elementOf, elementsOf, type ILook, sees, sumOf } from './lens';
import type { Piece } from './state';
import type { Texts } from './texts';
import type { IMessage, INumber, IStep, Trace } from './trace';

/** One step on the page: its formulas, its messages and its numbers, as somebody looks at them. */

export function showFormulas(target: HTMLElement, step: IStep, look: ILook, texts: Texts): void {
  const number = (one: number | string) =>
    typeof one === 'string' ? one : elementNode(step.numbers[one], look, texts);
  const formulas = step.pattern.equations.map(pieces =>
    make(
      'div',
      { class: 'knt-formula' },
      make('div', { class: 'knt-symbols' }, ...equation(pieces, ([symbols]) => symbols.map(symbolNode))),
      make('div', { class: 'knt-filled' }, ...equation(pieces, ([, numbers]) => numbers.map(number)))
    )
  );
  const nothing = () => make('p', { class: 'knt-quiet' }, texts.t('noFormula'));
  target.replaceChildren(...(formulas.length ? formulas : [nothing()]));
}

/** a·b + c, from the nodes of its factors. */
function equation(
  pieces: Piece[],
  nodesOf: (product: Exclude<Piece, string>) => (Node | string)[]
): (Node | string)[] {
  return pieces.flatMap(piece => {
    if (typeof piece === 'string') {
      return piece.replace(/^( ?)-( ?)$/, '$1−$2');
    }
    return nodesOf(piece).flatMap((node, k) => (k ? ['·', node] : [node]));
  });
}

/** z_alice, with the party below. */
function symbolNode(symbol: string): HTMLElement {
  const [name, of] = symbol.split(/_(.*)/);
  return make('span', { class: 'knt-symbol' }, name, ...(of ? [make('sub', {}, of)] : []));
}

function elementNode(number: INumber, look: ILook, texts: Texts): HTMLElement {
  const text = elementOf(number, look);
  return text === null ? hiddenNode(texts) : make('span', { class: 'knt-number' }, text ?? texts.t('more'));
}

function elementsNode(number: INumber, look: ILook, texts: Texts): HTMLElement {
  const found = elementsOf(number, look);
  if (found === null) {
    return hiddenNode(texts);
  }
  const shown = [...found.shown, ...(found.more ? [texts.t('more')] : [])];
  return make('span', { class: 'knt-number' }, shown.join('  '));
}

function hiddenNode(texts: Texts): HTMLElement {
  return make('span', { class: 'knt-hidden' }, `▒ ${texts.t('hidden')}`);
}

export function showNumbers(target: HTMLElement, step: IStep, look: ILook, texts: Texts): void {
  const rows = step.pattern.rows.map(places => {
    const number = sumOf(places.map(place => step.numbers[place]));
    const of = places.length > 1 ? texts.t('sum') : (number.of ?? texts.t('both'));
    return [symbolNode(number.name), of, number.shape.join(' × '), elementsNode(number, look, texts)];
  });
  const columns = (['name', 'of', 'shape', 'values'] as const).map(key => texts.t(key));
  const shown = rows.length ? [table(texts.t('numbers'), columns, [4.5, 7.5, 6], rows)] : [];
  target.replaceChildren(...shown);
}

export function showMessages(
  target: HTMLElement,
  trace: Trace,
  step: IStep,
  look: ILook,
  texts: Texts
): void {
  const { header } = trace;
  const rows = step.messages.flatMap(message => [
    [
      ...[message.sender, message.receiver].map(name => texts.person(name)),
      message.op,
      make('code', {}, message.key),
      String(message.round),
      texts.count(message.bytes)
    ],
    ...(header.numbers ? [[contentNode(message, look, texts)]] : []) // a number of 20 digits needs room
  ]);
  const t = texts.t.bind(texts);
  const columns = [t('from'), t('to'), t('what'), 'key', t('round'), t('bytes')];
  const shown: HTMLElement[] = rows.length
    ? [table(t('messages'), columns, [4, 4, 6.2, 0, 4.2, 4.4], rows)]
    : [];
  if (step.draws.length && sees(look.lens, header.draws_seen)) {
    shown.push(make('p', { class: 'knt-quiet' }, t('draws', { list: drawList(step.draws, texts) })));
  }
  target.replaceChildren(...shown);
}

function contentNode(message: IMessage, look: ILook, texts: Texts): HTMLElement {
  const content = message.carried
    ? elementsNode(message.carried, look, texts)
    : make('span', { class: 'knt-quiet' }, texts.t('notKept'));
  return make('span', {}, make('span', { class: 'knt-quiet' }, `${texts.t('content')} `), content);
}

function drawList(draws: number[], texts: Texts): string {
  const parts = [];
  for (let k = 0; k + 1 < draws.length; k += 2) {
    parts.push(texts.t('draw', { c: draws[k], n: texts.count(draws[k + 1]) }));
  }
  return parts.join('; ');
}
