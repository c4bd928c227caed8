/** What a key does. */
export type Keys = Record<string, () => void>;

/**
 * Do what a key does, unless it is the control's that has the focus, or the browser's.
 *
 * No key goes on to the notebook, which has its own arrows and digits.
 */
export function press(event: KeyboardEvent, keys: Keys): void {
  event.stopPropagation();
  const act = keys[event.key] as (() => void) | undefined;
  if (!act || event.ctrlKey || event.metaKey || event.altKey || isOfControl(event)) {
    return;
  }
  event.preventDefault();
  act();
}

/** Arrows choose among radio buttons, and the space bar presses. */
function isOfControl(event: KeyboardEvent): boolean {
  const { tagName, type } = event.target as HTMLInputElement;
  const radio = type === 'radio';
  return (
    tagName === 'SELECT' ||
    (radio && event.key.startsWith('Arrow')) ||
    (event.key === ' ' && (radio || tagName === 'BUTTON' || tagName === 'SUMMARY'))
  );
}
