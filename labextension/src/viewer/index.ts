/**
 * The trace viewer: a protocol trace, step by step, as alice, bob, the TTP or the observer sees it.
 *
 * It is a module for anywidget, made into one file of its own: kuscia_nb/static/trace_viewer.js.
 *
 * For tests, every part has a data-testid: trace-viewer (the root; it has data-step, data-lens, data-format),
 * trace-title, trace-badge, trace-notes, trace-first, trace-back, trace-play, trace-forward, trace-last, trace-slider,
 * trace-position, trace-batch, trace-jump, trace-lens-<name>, trace-format-ring, trace-format-fixed, trace-element,
 * trace-step-title, trace-step-text, trace-formulas, trace-numbers, trace-messages, trace-diagram, trace-timeline,
 * trace-live, trace-keys; of the tour trace-tour, trace-caption, trace-tour-back, trace-tour-forward, trace-tour-place,
 * trace-question, trace-answer.
 */
import type { IHeader } from './state';
import { Texts } from './texts';
import { Trace } from './trace';
import { Viewer } from './viewer';

interface IModel {
  get(name: 'header'): IHeader;
  get(name: 'columns'): DataView;
  /** "en" or "zh"; empty for that of the page. */
  get(name: 'locale'): string;
  /** Where it stands, if it has no view of its own. */
  get(name: 'place'): string;
}

function render({ model, el }: { model: IModel; el: HTMLElement }): () => void {
  const controller = new AbortController();
  const trace = new Trace(model.get('header'), model.get('columns'));
  el.replaceChildren(new Viewer(trace, new Texts(model.get('locale')), controller.signal).root);
  return () => controller.abort();
}

/**
 * Without a view of its own the viewer stands in the page wherever there is its place, a cell's static form, which is
 * what a saved notebook has. Whoever draws that form anew, or in another page, gets the viewer there as well.
 */
function initialize({ model }: { model: IModel }): (() => void) | undefined {
  const place = model.get('place');
  if (!place) {
    return undefined;
  }
  const fillPlaces = () => {
    const places = `[data-kuscia-trace="${place}"]:not([data-filled])`;
    for (const el of document.querySelectorAll<HTMLElement>(places)) {
      el.dataset.filled = '';
      el.closest('.jp-RenderedHTMLCommon')?.classList.remove('jp-RenderedHTMLCommon'); // JupyterLab's look of texts
      render({ model, el });
    }
  };
  const changes = new MutationObserver(fillPlaces);
  changes.observe(document.body, { childList: true, subtree: true });
  fillPlaces();
  return () => changes.disconnect();
}

export default { initialize, render };
