import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IParameter } from '../kernel/protocol';
import { fieldKey, said, textAt, toldBy } from './draft';
import type { FormModel } from './model';
import type { Field } from './types';

interface IFieldProps {
  model: FormModel;
  field: Field;
  label: string;
  unit?: string;
  required?: boolean;
  help?: React.ReactNode;
  /** The input, with what makes it accessible. */
  children: (attributes: IInputAttributes) => React.ReactNode;
}

export interface IInputAttributes {
  id: string;
  'aria-describedby': string;
  'aria-invalid': boolean;
  'aria-required'?: boolean;
  onBlur: () => void;
}

/** An input with its label, its help, and what is wrong with it. */
export function FieldView(props: IFieldProps): JSX.Element {
  const { model, field, label, unit, required, help } = props;
  const id = React.useId() + fieldKey(field);
  const problem = model.problem(field);
  const attributes: IInputAttributes = {
    id,
    'aria-describedby': `${id}-problem ${id}-help`,
    'aria-invalid': problem !== undefined,
    'aria-required': required,
    onBlur: () => model.touch(field)
  };
  return (
    <div className="jp-kuscia-nb-Field">
      <label htmlFor={id}>
        {label}
        {required && <span aria-hidden="true"> *</span>}
      </label>
      <div className="jp-kuscia-nb-Field-input">
        {props.children(attributes)}
        {unit && <span className="jp-kuscia-nb-Field-unit">{unit}</span>}
      </div>
      <div id={`${id}-problem`} className="jp-kuscia-nb-Field-problem">
        {problem && said(problem)}
      </div>
      <div id={`${id}-help`} className="jp-kuscia-nb-Field-help">
        {help}
      </div>
    </div>
  );
}

/** A text. */
export function TextInput(props: {
  model: FormModel;
  field: Field;
  attributes: IInputAttributes;
  placeholder?: string;
}): JSX.Element {
  const { model, field, attributes, placeholder } = props;
  return (
    <input
      {...attributes}
      className="jp-mod-styled"
      type="text"
      spellCheck={false}
      autoComplete="off"
      placeholder={placeholder}
      value={textAt(model.draft, field)}
      onChange={event => model.fill(field, event.target.value)}
    />
  );
}

/** One of a few texts. */
export function ChoiceInput(props: {
  model: FormModel;
  field: Field;
  attributes: IInputAttributes;
  options: { value: string; label: string }[];
}): JSX.Element {
  const { model, field, attributes, options } = props;
  return (
    <HTMLSelect
      {...attributes}
      options={options}
      value={textAt(model.draft, field)}
      onChange={event => model.fill(field, event.target.value)}
    />
  );
}

/** A parameter: a choice if there are only a few values, else a text. */
export function ParameterView(props: {
  model: FormModel;
  field: Field;
  parameter: IParameter;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, field, parameter, trans } = props;
  const fallback = parameter.default === null ? '' : trans.__('default: %1', parameter.default);
  const notGiven = { value: '', label: fallback || trans.__('not given') };
  const choices = parameter.choices?.map(value => ({ value, label: value }));
  const allowed = choices ? parameter.allowed : toldBy(trans, parameter.allowed);
  return (
    <FieldView
      model={model}
      field={field}
      label={parameter.name}
      unit={toldBy(trans, parameter.unit)}
      required={parameter.required}
      help={
        <>
          {toldBy(trans, parameter.meaning)}
          <br />
          {trans.__('%1, allowed: %2', toldBy(trans, parameter.type), allowed)}
        </>
      }
    >
      {attributes =>
        choices ? (
          <ChoiceInput {...{ model, field, attributes }} options={[notGiven, ...choices]} />
        ) : (
          <TextInput {...{ model, field, attributes }} placeholder={fallback} />
        )
      }
    </FieldView>
  );
}
