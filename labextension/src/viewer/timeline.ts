import { clamp } from './tour';
import type { Trace } from './trace';

/** The timeline: the steps around the current one, in three lanes by kind, with a line where a batch begins. */

const BOX = 6; // pixels of a step, at most
const LANES = { ttp: 0, open: 1, local: 2, other: 2 };
type Family = keyof typeof LANES;

/** What a kind of step mostly is: the TTP's, messages, or each party's own. */
export function familyOf(kind: string): Family {
  if (kind.startsWith('triple') || kind === 'vectors' || kind === 'join') {
    return 'ttp';
  }
  if (/^(open|send|exchange|mask)/.test(kind)) {
    return 'open';
  }
  return kind === 'share' ? 'other' : 'local';
}

/** The first of the steps that are shown in so many pixels, and how many there are. */
export function windowOf(trace: Trace, width: number, step: number): { from: number; size: number } {
  const size = Math.min(trace.count, Math.max(1, Math.floor(width / BOX)));
  return { size, from: clamp(step - Math.floor(size / 2), 0, trace.count - size) };
}

/** The step at a place of the page. */
export function stepAt(canvas: HTMLCanvasElement, trace: Trace, step: number, x: number): number {
  const box = canvas.getBoundingClientRect();
  const { from, size } = windowOf(trace, box.width, step);
  return from + Math.floor(((x - box.left) / box.width) * size);
}

export function drawTimeline(canvas: HTMLCanvasElement, trace: Trace, step: number): void {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = fitted(canvas, scale);
  const context = canvas.getContext('2d')!;
  context.clearRect(0, 0, width, height);
  const { from, size } = windowOf(trace, width / scale, step);
  const box = width / size;
  const style = getComputedStyle(canvas);
  const colours = coloursOf(style);
  for (let i = from; i < from + size; i++) {
    const family = familyOf(trace.kind(i));
    const x = (i - from) * box;
    context.fillStyle = colours[family];
    context.fillRect(
      x,
      (LANES[family] * height) / 3 + scale,
      Math.max(1, box - scale),
      height / 3 - 2 * scale
    );
    if (i > 0 && trace.missing(i)) {
      context.fillStyle = style.color;
    }
    if (i > 0 && trace.batch(i) !== trace.batch(i - 1)) {
      context.fillRect(x - scale, 0, scale, height);
    }
  }
  context.strokeStyle = style.color;
  context.lineWidth = 2 * scale;
  context.strokeRect((step - from) * box, scale, box, height - 2 * scale);
}

function coloursOf(style: CSSStyleDeclaration): Record<Family, string> {
  const colour = (family: string) => style.getPropertyValue(`--knt-${family}`).trim() || '#888';
  return { ttp: colour('ttp'), open: colour('open'), local: colour('local'), other: colour('other') };
}

/** The canvas with as many pixels as the screen has in its place. */
function fitted(canvas: HTMLCanvasElement, scale: number): [width: number, height: number] {
  const width = Math.max(1, Math.round(canvas.clientWidth * scale));
  const height = Math.max(1, Math.round(canvas.clientHeight * scale));
  if (canvas.width !== width) {
    canvas.width = width;
  }
  if (canvas.height !== height) {
    canvas.height = height;
  }
  return [width, height];
}
