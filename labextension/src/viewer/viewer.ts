import { diagram } from './diagram';
import { type Keys, press } from './keys';
import type { ILook } from './lens';
import { buildPage, type IPage } from './page';
import { showFormulas, showMessages, showNumbers } from './step';
import type { Texts } from './texts';
import { drawTimeline, stepAt } from './timeline';
import { clamp, lastUpTo, nextBatch, nextLike, opening, previousBatch } from './tour';
import type { Trace } from './trace';

const PAUSE = 30; // milliseconds between two drawings of the tables and the diagram, at least
const PLAYED = 700; // milliseconds of a step that is played
const SPOKEN = 400; // milliseconds of rest before a screen reader hears of a step

interface IState extends ILook {
  step: number;
  /** Whether the tour is shown. */
  tour: boolean;
}

/** A trace on the page, and what somebody does with it, until the signal. */
export class Viewer {
  constructor(
    private readonly _trace: Trace,
    private readonly _texts: Texts,
    private readonly _signal: AbortSignal
  ) {
    this._page = buildPage(_trace, _texts);
    const { lenses, tour } = _trace.header;
    const touring = tour.open && this._page.guide.steps.length > 0;
    const step = touring ? this._page.guide.steps[0] : opening(_trace);
    this._state = { step, lens: lenses.indexOf('observer'), fixed: touring, element: 0, tour: touring };
    this._keys = this._keysOf();
    this._listen();
    this._change({});
  }

  get root(): HTMLElement {
    return this._page.root;
  }

  private _change(changes: Partial<IState>): void {
    Object.assign(this._state, changes);
    this._state.step = clamp(this._state.step, 0, this._lastStep);
    this._frame ||= requestAnimationFrame(() => this._render());
  }

  private _go(step: number): void {
    this._change({ step });
  }

  private get _lastStep(): number {
    return Math.max(0, this._trace.count - 1);
  }

  private _render(): void {
    this._frame = 0;
    const { _page: page, _state: state, _texts: texts, _trace: trace } = this;
    if (this._signal.aborted || !trace.count) {
      return;
    }
    drawTimeline(page.timeline, trace, state.step); // first: it asks for sizes, which are known before anything changes
    this._width = page.diagram.clientWidth || this._width;
    const step = trace.step(state.step);
    this._renderPosition();
    showFormulas(page.formulas, step, state, texts);
    const now = performance.now();
    if (now - this._drawn < PAUSE) {
      this._frame = requestAnimationFrame(() => this._render()); // the rest comes with one of the next frames
      return;
    }
    this._drawn = now;
    showMessages(page.messages, trace, step, state, texts);
    showNumbers(page.numbers, step, state, texts);
    page.diagram.replaceChildren(diagram(trace, state.step, this._width, state, texts));
  }

  /** Where it stands, on all controls. */
  private _renderPosition(): void {
    const { _page: page, _state: state, _texts: texts, _trace: trace } = this;
    const { header } = trace;
    const about = texts.kind(header.kinds[trace.kind(state.step)]);
    const [i, n] = [state.step, this._lastStep].map(step => texts.count(trace.number(step)));
    const where = texts.t(header.numbers ? 'steps' : 'messagesOnly', { i, n });
    const place = texts.place(trace, state.step);
    const [lens, format] = [header.lenses[state.lens], state.fixed ? 'fixed' : 'ring'];
    Object.assign(page.root.dataset, { step: String(state.step), lens, format });
    page.slider.value = String(state.step);
    page.slider.setAttribute('aria-valuetext', `${where}, ${about.title}`);
    page.position.textContent = place ? where + (texts.lang === 'zh' ? '，' : ', ') + place : where;
    page.title.textContent = texts.heading(trace, state.step);
    page.text.textContent = header.numbers ? about.text : ''; // of sizes alone nobody knows what they are of
    page.lens.inputs.forEach(input => (input.checked = input.value === lens));
    page.format.inputs.forEach(input => (input.checked = input.value === format));
    page.guide.show(state.tour, state.step, lens);
    page.batch.selectedIndex = lastUpTo(page.begins, state.step);
    const [title, op] = [about.title, trace.op(state.step)];
    clearTimeout(this._speaking);
    this._speaking = window.setTimeout(() => {
      page.live.textContent = texts.t('live', { where, title, op, lens: texts.person(lens) });
    }, SPOKEN);
  }

  /** Show the tour from its first stop on, or hide it. */
  private _tour(): void {
    const { steps } = this._page.guide;
    if (steps.length) {
      const tour = !this._state.tour;
      this._change(tour ? { tour, step: steps[0] } : { tour });
    }
  }

  private _play(playing: boolean): void {
    this._playing = playing;
    const { play } = this._page;
    const label = this._texts.t(playing ? 'pause' : 'play');
    play.textContent = playing ? '❚❚' : '▶▶';
    play.setAttribute('aria-label', label);
    play.title = label;
    clearInterval(this._timer);
    if (playing) {
      this._timer = window.setInterval(() => this._playOn(), PLAYED);
    }
  }

  private _playOn(): void {
    if (this._state.step >= this._lastStep || !this.root.isConnected) {
      this._play(false);
    } else {
      this._go(this._state.step + 1);
    }
  }

  private _keysOf(): Keys {
    const { _page: page, _state: state, _trace: trace } = this;
    const format = () => this._change({ fixed: !state.fixed });
    const lenses = trace.header.lenses.map((_, lens) => [String(lens + 1), () => this._change({ lens })]);
    return {
      ArrowRight: () => this._go(state.step + 1),
      ArrowLeft: () => this._go(state.step - 1),
      Home: () => this._go(0),
      End: () => this._go(this._lastStep),
      PageDown: () => this._go(nextBatch(trace, page.begins, state.step)),
      PageUp: () => this._go(previousBatch(page.begins, state.step)),
      ' ': () => this._play(!this._playing),
      f: format,
      F: format,
      t: () => this._tour(),
      T: () => this._tour(),
      ...(Object.fromEntries(lenses) as Keys)
    };
  }

  private _listen(): void {
    const { _page: page, _keys: keys, _state: state } = this;
    this._on(page.root, 'keydown', event => press(event, keys));
    this._on(page.first, 'click', keys.Home);
    this._on(page.last, 'click', keys.End);
    this._on(page.back, 'click', keys.ArrowLeft);
    this._on(page.forward, 'click', keys.ArrowRight);
    this._on(page.play, 'click', keys[' ']);
    this._on(page.guide.toggle, 'click', keys.t);
    this._on(page.guide.back, 'click', () => this._go(page.guide.from(state.step, false)));
    this._on(page.guide.forward, 'click', () => this._go(page.guide.from(state.step, true)));
    this._on(page.slider, 'input', () => this._go(Number(page.slider.value)));
    this._on(page.batch, 'change', () => this._go(Number(page.batch.value)));
    this._on(page.element, 'change', () => this._change({ element: Number(page.element.value) }));
    this._on(page.jump, 'change', () => this._jump());
    page.lens.inputs.forEach((input, lens) => this._on(input, 'change', () => this._change({ lens })));
    page.format.inputs.forEach(input =>
      this._on(input, 'change', () => this._change({ fixed: input.value === 'fixed' }))
    );
    this._on(page.diagram, 'click', event => {
      const row = (event.target as Element).closest<SVGElement>('[data-step]');
      if (row) {
        this._go(Number(row.dataset.step));
      }
    });
    this._on(page.timeline, 'click', event =>
      this._go(stepAt(page.timeline, this._trace, this._state.step, event.clientX))
    );
    const resized = new ResizeObserver(() => this._change({}));
    resized.observe(page.timeline);
    this._signal.addEventListener('abort', () => {
      resized.disconnect();
      clearInterval(this._timer);
      clearTimeout(this._speaking);
      cancelAnimationFrame(this._frame);
    });
  }

  private _jump(): void {
    const { jump } = this._page;
    if (jump.value) {
      this._go(nextLike(this._trace, Number(jump.value), this._state.step));
    }
    jump.value = '';
  }

  private _on<K extends keyof HTMLElementEventMap>(
    target: HTMLElement,
    kind: K,
    listener: (event: HTMLElementEventMap[K]) => void
  ): void {
    target.addEventListener(kind, listener, { signal: this._signal });
  }

  private readonly _page: IPage;
  private readonly _state: IState;
  private readonly _keys: Keys;
  private _width = 600;
  private _frame = 0;
  private _drawn = -PAUSE;
  private _playing = false;
  private _timer = 0;
  private _speaking = 0;
}
