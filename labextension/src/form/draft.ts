import type { TranslationBundle } from '@jupyterlab/translation';

import type { IFile, IForm, IOperator, IParameter, ITrouble } from '../kernel/protocol';
import type { Draft, Field, Texts } from './types';

type Branch = { [name: string]: string | Branch };

/** What is filled in at first: a free name, and files where there is only one. */
export function firstDraft(form: IForm): Draft {
  const draft: Draft = {
    format: 'kusciajob',
    operator: '',
    name: '',
    initiator: form.nodes[0],
    common: {},
    own: {},
    inputs: {}
  };
  return withOperator(form, draft, form.operators[0].name);
}

/** The same draft for another operator, which has parameters and inputs of its own; a name that was filled in stays. */
export function withOperator(form: IForm, draft: Draft, name: string): Draft {
  const operator = operatorOf(form, name);
  return {
    ...draft,
    operator: name,
    format: operator.title ? 'kusciajob' : draft.format, // as templates are
    name: draft.name === (form.names[draft.operator] ?? '') ? form.names[name] : draft.name,
    common: {},
    own: byNode(form, () => ({})),
    inputs: byNode(form, node => onlyFile(operator, form.files[node] ?? []))
  };
}

/** The operator of a name. */
export function operatorOf(form: IForm, name: string): IOperator {
  return form.operators.find(operator => operator.name === name) ?? form.operators[0];
}

function byNode(form: IForm, texts: (node: string) => Texts): Record<string, Texts> {
  return Object.fromEntries(form.nodes.map(node => [node, texts(node)]));
}

function onlyFile(operator: IOperator, files: IFile[]): Texts {
  return files.length === 1 ? { [operator.inputs[0]]: files[0].name } : {};
}

/** The text of a field. */
export function textAt(draft: Draft, field: Field): string {
  const found = field.reduce<string | Branch | undefined>(
    (branch, name) => (typeof branch === 'object' ? branch[name] : undefined),
    draft as unknown as Branch
  );
  return typeof found === 'string' ? found : '';
}

/** The same draft with another text in a field. */
export function withText(draft: Draft, field: Field, text: string): Draft {
  return replaced(draft, field, text) as unknown as Draft;
}

function replaced(branch: Branch, [name, ...rest]: Field, text: string): Branch {
  const inner = branch[name];
  const value = rest.length ? replaced(typeof inner === 'object' ? inner : {}, rest, text) : text;
  return { ...branch, [name]: value };
}

/** A key for a field, which serves as an HTML id, too. */
export function fieldKey(field: Field): string {
  return field.join('.');
}

/** What a field is called where it stands among others. */
export function fieldName([part, ...rest]: Field): string {
  return rest.length > 0 ? rest.join(': ') : part;
}

/** The problem of a field, if there is one. */
export function problemOf(field: Field, problems: ITrouble[]): ITrouble | undefined {
  const key = fieldKey(field);
  return problems.find(problem => fieldKey(problem.field) === key);
}

/** What a problem says, with what to try. */
export function said(problem: ITrouble): string {
  return [problem.message, problem.hint].filter(Boolean).join('. ');
}

/** What an operator says of itself; the translations have the texts of kuscia_nb's own operators, too. */
export function toldBy(trans: TranslationBundle, text: string): string {
  return text && trans.gettext(text);
}

/** Parameters apart: those that have to be given, and those that have a default or are not needed. */
export function parted(parameters: IParameter[]): { needed: IParameter[]; optional: IParameter[] } {
  return {
    needed: parameters.filter(one => one.required),
    optional: parameters.filter(one => !one.required)
  };
}
