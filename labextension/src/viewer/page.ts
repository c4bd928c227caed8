import { button, choices, type IChoices, labelled, make } from './dom';
import { Guide } from './guide';
import type { Texts } from './texts';
import { batches, operations } from './tour';
import type { Trace } from './trace';

/** The parts of the viewer that change, or that somebody uses; all in `root`. */
export interface IPage {
  root: HTMLElement;
  first: HTMLButtonElement;
  back: HTMLButtonElement;
  play: HTMLButtonElement;
  forward: HTMLButtonElement;
  last: HTMLButtonElement;
  slider: HTMLInputElement;
  position: HTMLElement;
  batch: HTMLSelectElement;
  jump: HTMLSelectElement;
  element: HTMLSelectElement;
  lens: IChoices;
  format: IChoices;
  timeline: HTMLCanvasElement;
  diagram: HTMLElement;
  title: HTMLElement;
  text: HTMLElement;
  formulas: HTMLElement;
  messages: HTMLElement;
  numbers: HTMLElement;
  live: HTMLElement;
  guide: Guide;
  /** The steps with which the batches begin. */
  begins: number[];
}

/** The page before its first step is shown. */
export function buildPage(trace: Trace, texts: Texts): IPage {
  const parts = partsOf(trace, texts, `knt-${Math.random().toString(36).slice(2)}`);
  fillSelects(trace, texts, parts);
  const root = make(
    'section',
    {
      class: 'knt',
      role: 'region',
      'aria-label': trace.header.title ? titleOf(trace, texts) : texts.t('region'),
      tabindex: 0,
      lang: texts.lang,
      'data-testid': 'trace-viewer',
      'data-lm-suppress-shortcuts': 'true'
    },
    ...head(trace, texts),
    ...controls(trace, texts, parts),
    parts.guide.root,
    main(trace, parts),
    make(
      'p',
      { class: 'knt-keys', 'data-testid': 'trace-keys' },
      texts.t(trace.header.numbers ? 'keys' : 'keysSizes')
    ),
    parts.live
  );
  // JupyterLab's command mode takes arrows from whatever has the focus, unless that very element says no.
  for (const control of root.querySelectorAll('button, input, select, summary')) {
    control.setAttribute('data-lm-suppress-shortcuts', 'true');
  }
  return { root, ...parts };
}

type Parts = Omit<IPage, 'root'>;

function partsOf(trace: Trace, texts: Texts, id: string): Parts {
  const t = texts.t.bind(texts);
  const lenses = trace.header.lenses.map((lens): [string, string, string] => [
    lens,
    texts.person(lens),
    `trace-lens-${lens}`
  ]);
  const last = Math.max(0, trace.count - 1);
  const group = { class: 'knt-formulas', role: 'group', 'aria-label': t('formulas') };
  return {
    first: button('trace-first', t('first'), '|◀'),
    back: button('trace-back', t('back'), '◀'),
    play: button('trace-play', t('play'), '▶▶'),
    forward: button('trace-forward', t('forward'), '▶'),
    last: button('trace-last', t('last'), '▶|'),
    slider: make('input', {
      ...{ type: 'range', min: 0, max: last, step: 1, class: 'knt-slider' },
      ...{ 'data-testid': 'trace-slider', 'aria-label': t('scrub') }
    }),
    position: make('span', { class: 'knt-position', 'data-testid': 'trace-position' }),
    batch: make('select', { 'data-testid': 'trace-batch' }),
    jump: make('select', { 'data-testid': 'trace-jump' }),
    element: make('select', { 'data-testid': 'trace-element' }),
    lens: choices(`${id}-lens`, t('lens'), lenses),
    format: choices(`${id}-format`, t('format'), [
      ['ring', t('ring'), 'trace-format-ring'],
      ['fixed', t('fixed'), 'trace-format-fixed']
    ]),
    timeline: make('canvas', {
      ...{ class: 'knt-timeline', role: 'img' },
      ...{ 'aria-label': t('timeline'), 'data-testid': 'trace-timeline' }
    }),
    diagram: make('div', { class: 'knt-diagram', 'data-testid': 'trace-diagram' }),
    title: make('h4', { class: 'knt-step-title', 'data-testid': 'trace-step-title' }),
    text: make('p', { class: 'knt-step-text', 'data-testid': 'trace-step-text' }),
    formulas: make('div', { ...group, 'data-testid': 'trace-formulas' }),
    messages: make('div', { 'data-testid': 'trace-messages' }),
    numbers: make('div', { 'data-testid': 'trace-numbers' }),
    live: make('div', {
      ...{ class: 'knt-live', role: 'status' },
      ...{ 'aria-live': 'polite', 'data-testid': 'trace-live' }
    }),
    guide: new Guide(trace, texts),
    begins: batches(trace)
  };
}

function fillSelects(trace: Trace, texts: Texts, { begins, batch, jump, element }: Parts): void {
  const option = (value: number | string, text: string) => make('option', { value }, text);
  batch.append(...begins.map(i => option(i, texts.place(trace, i))));
  batch.disabled = begins.length < 2;
  jump.append(option('', texts.t('jumpTo')));
  jump.append(...operations(trace).map(i => option(i, texts.heading(trace, i))));
  element.append(...Array.from({ length: trace.header.elements }, (_, k) => option(k, String(k))));
}

function titleOf(trace: Trace, texts: Texts): string {
  const job = trace.header.title;
  return job ? texts.t('title', { job }) : texts.t('untitled');
}

function head(trace: Trace, texts: Texts): HTMLElement[] {
  const badge = texts.t(trace.header.numbers ? 'badge' : 'badgeSizes');
  return [
    make('h3', { class: 'knt-title', 'data-testid': 'trace-title' }, titleOf(trace, texts)),
    make('p', { class: 'knt-badge', 'data-testid': 'trace-badge' }, badge),
    make('p', { class: 'knt-notes', 'data-testid': 'trace-notes' }, notes(trace, texts).join(' '))
  ];
}

/** What has to be known about the trace. */
export function notes(trace: Trace, texts: Texts): string[] {
  const { repeatable, numbers, elements, cut, tasks } = trace.header;
  const total = (name: 'left_out' | 'unlisted') => tasks.reduce((sum, task) => sum + task[name], 0);
  const [leftOut, unlisted] = [total('left_out'), total('unlisted')];
  return [
    repeatable ? texts.t('seed') : '',
    numbers ? texts.t(elements > 1 ? 'preview' : 'previewOne', { k: elements }) : '',
    cut ? texts.t(numbers ? 'cut' : 'cutMessages', { n: texts.count(cut) }) : '',
    leftOut ? texts.t('leftOut', { n: texts.count(leftOut) }) : '',
    unlisted ? texts.t('unlisted', { n: texts.count(unlisted) }) : ''
  ].filter(text => text);
}

function controls(trace: Trace, texts: Texts, parts: Parts): HTMLElement[] {
  const bar = make(
    'div',
    { class: 'knt-bar', role: 'toolbar', 'aria-label': texts.t('stepping') },
    ...[parts.first, parts.back, parts.play, parts.forward, parts.last, parts.guide.toggle, parts.position]
  );
  const options = make('div', { class: 'knt-bar' }, labelled(texts.t('jump'), parts.jump));
  const looks = make('div', { class: 'knt-bar' });
  if (trace.header.numbers) {
    if (trace.trained) {
      options.prepend(labelled(texts.t('batch'), parts.batch));
    }
    looks.append(parts.lens.set, parts.format.set, labelled(texts.t('element'), parts.element));
  }
  return [bar, parts.timeline, parts.slider, options, looks];
}

function main(trace: Trace, parts: Parts): HTMLElement {
  const formulas = trace.header.numbers ? [parts.formulas] : [];
  const step = [parts.title, parts.text, ...formulas, parts.messages, parts.numbers];
  return make('div', { class: 'knt-main' }, parts.diagram, make('div', { class: 'knt-step' }, ...step));
}
