import { button, make } from './dom';
import type { IStop } from './state';
import type { Texts } from './texts';
import { lastUpTo } from './tour';
import type { Trace } from './trace';

/** The tour of one batch: what happens at its stops, and a question for who looks, with the answer below. */
export class Guide {
  constructor(
    private readonly _trace: Trace,
    private readonly _texts: Texts
  ) {
    const { stops } = _trace.header.tour;
    const numbers = Array.from({ length: _trace.count }, (_, i) => _trace.number(i));
    this._stops = stops.filter(({ step }) => numbers[lastUpTo(numbers, step)] === step);
    this.steps = this._stops.map(({ step }) => lastUpTo(numbers, step));
    const t = _texts.t.bind(_texts);
    this.toggle = button('trace-tour', t('tourHint'), t('tour'));
    this.toggle.hidden = !this.steps.length;
    this.back = button('trace-tour-back', t('tourBack'), '◀');
    this.forward = button('trace-tour-forward', t('tourForward'), '▶');
    this.root = make(
      'div',
      { class: 'knt-tour', role: 'group', 'aria-label': t('tour'), 'data-testid': 'trace-caption' },
      make('div', { class: 'knt-bar' }, this.back, this.forward, this._place),
      this._text,
      make('p', { class: 'knt-question' }, this._who, this._question),
      this._details
    );
  }

  readonly root: HTMLElement;
  /** Shows and hides the tour. */
  readonly toggle: HTMLButtonElement;
  readonly back: HTMLButtonElement;
  readonly forward: HTMLButtonElement;
  /** Where the tour halts, in this view. */
  readonly steps: number[];

  /** The stop before or after a step; the first and the last one stay where they are. */
  from(step: number, forward: boolean): number {
    const at = lastUpTo(this.steps, forward ? step : step - 1) + (forward ? 1 : 0);
    return this.steps[Math.min(Math.max(at, 0), this.steps.length - 1)];
  }

  /** Show the stop that was last before a step, or is there, to who looks. */
  show(shown: boolean, step: number, lens: string): void {
    this.root.hidden = !shown;
    this.toggle.setAttribute('aria-pressed', String(shown));
    if (!shown) {
      return;
    }
    const at = Math.max(0, lastUpTo(this.steps, step));
    const key = `${at} ${lens}`;
    if (this.root.dataset.shown === key) {
      return; // an answer that is open stays open
    }
    this.root.dataset.shown = key;
    const { _texts: texts, _trace: trace } = this;
    const stop = this._stops[at];
    const names = { me: lens, peer: trace.parties.find(name => name !== lens) ?? '' };
    const [question, answer] = stop[lens === 'ttp' || lens === 'observer' ? lens : 'party'];
    this._place.textContent = texts.t('tourPlace', { i: at + 1, n: this.steps.length });
    this._text.textContent = texts.told(stop.text, names);
    this._who.textContent = texts.t('tourAsked', { who: texts.person(lens) });
    this._question.textContent = texts.told(question, names);
    this._answer.textContent = texts.told(answer, names);
    this._details.open = false;
    this._details.firstElementChild!.textContent = texts.t('tourAnswer');
    this.back.disabled = at === 0;
    this.forward.disabled = at === this.steps.length - 1;
  }

  private readonly _stops: IStop[];
  private readonly _place = make('span', { class: 'knt-position', 'data-testid': 'trace-tour-place' });
  private readonly _text = make('p', { class: 'knt-caption' });
  private readonly _who = make('span');
  private readonly _question = make('strong', { 'data-testid': 'trace-question' });
  private readonly _answer = make('p', { 'data-testid': 'trace-answer' });
  private readonly _details = make('details', { class: 'knt-answer' }, make('summary', {}), this._answer);
}
