import { draw } from './dom';
import { elementOf, type ILook } from './lens';
import type { Texts } from './texts';
import type { IMessage, IStep, Trace } from './trace';

/** The sequence diagram: the steps around the current one, a lane for everybody. */

const AROUND = 5; // steps before and after the current one
const GUTTER = 212; // for the titles of the steps, if there is room for it beside the lanes
const LEAST_LANE = 110;
const HEAD = 34;
const LINE = 24;
const TITLE = 16; // else each has a line of its own

/** Where everything goes in so many pixels: letters are as large in a narrow picture as in a wide one. */
interface ILayout {
  lanes: string[];
  width: number;
  lane: number;
  /** What a title takes above its step's messages. */
  above: number;
  x: Record<string, number>;
}

export function layoutOf(trace: Trace, width: number): ILayout {
  const lanes = [...trace.parties, 'ttp'];
  const beside = width >= GUTTER + LEAST_LANE * lanes.length;
  const gutter = beside ? GUTTER : 0;
  const lane = (width - gutter) / lanes.length;
  const x = Object.fromEntries(lanes.map((name, k) => [name, gutter + lane * (k + 0.5)]));
  return { lanes, width, lane, above: beside ? 0 : TITLE, x };
}

/** A picture of so many pixels. */
export function diagram(trace: Trace, current: number, width: number, look: ILook, texts: Texts): SVGElement {
  const layout = layoutOf(trace, width);
  const { lanes, lane, x } = layout;
  const steps = around(trace, current);
  let y = HEAD;
  const rows = steps.flatMap(step => {
    const gap = gapNodes(trace, step, layout, y, texts);
    y += LINE * gap.length;
    const heading = texts.heading(trace, step.i);
    const [node, height] = row(step, heading, layout, y, step.i === current, look, texts);
    y += height;
    return [...gap, node];
  });
  const heads = lanes.map(name =>
    draw('text', { x: x[name], y: 18, class: 'knt-lane-name' }, texts.person(name))
  );
  const lines = lanes.map(name =>
    draw('line', { x1: x[name], x2: x[name], y1: 26, y2: y, class: 'knt-lane' })
  );
  const words = steps.flatMap(step => describe(trace, step, texts)).join('; ');
  const attributes = {
    viewBox: `0 0 ${width} ${y + 6}`,
    role: 'img',
    'aria-label': `${texts.t('diagram')}: ${words}`,
    class: 'knt-svg',
    style: `--knt-label: ${Math.min(11.5, lane / 13.5)}px` // a label has at most 20 digits
  };
  return draw('svg', attributes, ...lines, ...heads, ...rows);
}

function around(trace: Trace, current: number): IStep[] {
  const most = 2 * AROUND + 1;
  const from = Math.max(0, Math.min(current - AROUND, trace.count - most));
  return Array.from({ length: Math.min(most, trace.count) }, (_, k) => trace.step(from + k));
}

function describe(trace: Trace, step: IStep, texts: Texts): string[] {
  if (!step.messages.length) {
    return [texts.heading(trace, step.i)];
  }
  return step.messages.map(({ sender, receiver, op, bytes }) => {
    const [from, to] = [texts.person(sender), texts.person(receiver)];
    return `${from} → ${to}: ${op}, ${bytes} ${texts.t('bytes')}`;
  });
}

function gapNodes(trace: Trace, step: IStep, { width }: ILayout, y: number, texts: Texts): SVGElement[] {
  const missing = trace.missing(step.i);
  if (!missing) {
    return [];
  }
  const text = `⋯ ${texts.t('gap', { n: texts.count(missing) })} ⋯`;
  return [draw('text', { x: width / 2, y: y + 15, class: 'knt-gap' }, text)];
}

function row(
  step: IStep,
  heading: string,
  layout: ILayout,
  y: number,
  current: boolean,
  look: ILook,
  texts: Texts
): [node: SVGElement, height: number] {
  const { x, width, above } = layout;
  const height = 6 + above + LINE * Math.max(1, step.messages.length);
  const box = { x: 2, y: y - 1, width: width - 4, height: height - 2, rx: 3, class: 'knt-row-box' };
  const title = { x: 8, y: y + (above ? 13 : 18), class: 'knt-row-title' };
  const dot = (name: string) => draw('circle', { cx: x[name], cy: y + above + 14, r: 4, class: 'knt-dot' });
  const shown = step.messages.length
    ? step.messages.flatMap((message, k) => arrow(message, layout, y + above + 20 + LINE * k, look, texts))
    : computing(step).map(dot);
  const node = draw(
    'g',
    { class: `knt-row${current ? ' knt-current' : ''}`, 'data-step': step.i },
    draw('rect', box),
    draw('text', title, `${step.number}  ${heading}`),
    ...shown
  );
  return [node, height];
}

/** Who has numbers of its own in a step. */
function computing(step: IStep): string[] {
  return [...new Set(step.numbers.flatMap(({ of }) => (of === null ? [] : [of])))];
}

function arrow(message: IMessage, { x, lane }: ILayout, y: number, look: ILook, texts: Texts): SVGElement[] {
  const [from, to] = [x[message.sender], x[message.receiver]];
  const side = to > from ? 1 : -1;
  const size = `${texts.count(message.bytes)} ${texts.t('bytes')}`;
  const title = draw('title', {}, `${message.key}, ${size}`);
  const label = { x: from + side * (lane / 2), y: y - 4, class: 'knt-label' };
  return [
    draw('line', { x1: from, x2: to - 7 * side, y1: y, y2: y, class: 'knt-arrow' }),
    draw('path', { d: `M${to} ${y}l${-8 * side} -4v8z`, class: 'knt-tip' }),
    draw('text', label, title, content(message, look, texts) ?? `${message.op}, ${size}`)
  ];
}

/** The first element of what a message carried, as far as the trace has it. */
function content(message: IMessage, look: ILook, texts: Texts): string | undefined {
  const text = message.carried && elementOf(message.carried, { ...look, element: 0 });
  return text === null ? `▒ ${texts.t('hidden')}` : text;
}
